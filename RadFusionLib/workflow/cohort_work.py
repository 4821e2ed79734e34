"""A cohort's cases on workers: each fails alone, and all are told how far the work is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from RadFusionLib.cohort import CaseRow
from RadFusionLib.computing import Died, StoreError, Workers, threads_in_use
from RadFusionLib.errors import Cancelled, InputError, RadFusionError
from RadFusionLib.progress import Stage

__all__ = ["Attempt", "attempt", "check_engine", "each_case", "none_done"]

T = TypeVar("T")


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """What came of a case.

    Parameters
    ----------
    found : object or None
        What was wanted; None for a case that failed.
    reason : str
        Why it failed, for the user.
    threads : mapping of str to int
        What :func:`~RadFusionLib.computing.threads_in_use` found where it was worked on.
    """

    found: T | None
    reason: str = ""
    threads: tuple[tuple[str, int], ...] = ()


def attempt(row: CaseRow, work: Callable[[], T]) -> Attempt[T]:
    """Work on a case; what is wrong with it becomes a reason, so that it does not take the others with it.

    Raises
    ------
    StoreError, Cancelled
        Which concern all of them.
    """
    try:
        found = work()
    except (StoreError, Cancelled):
        raise
    except RadFusionError as error:
        return Attempt(None, str(error))
    except Exception as error:
        # The type alone, since a message may quote the image's header.
        return Attempt(None, f"Case {row.id} failed for a reason of ours ({type(error).__name__}); please report it.")
    return Attempt(found, "", tuple(threads_in_use().items()))


def check_engine(asked: str, own: str) -> None:
    """Refuse work for another engine than this worker has: its numbers would not be the same.

    Raises
    ------
    InputError
        When the digests differ.
    """
    if asked != own:
        raise InputError(
            "A worker has another version of RadFusion or of a package that numbers depend on; install the same "
            "everywhere (constraints.txt pins them)."
        )


def each_case(
    rows: Sequence[CaseRow],
    work: Callable[[Any, Any], Attempt[T]],
    shared: Any,
    workers: Workers,
    progress: Stage,
    doing: str,
) -> Iterator[tuple[CaseRow, Attempt[T]]]:
    """Work on every case, in the order in which they are finished.

    Parameters
    ----------
    rows : sequence of CaseRow
        The cases.
    work : callable
        ``work(shared, row)``, known by name; it makes an :class:`Attempt`.
    shared : object
        What all cases have in common.
    workers : Workers
        Who works.
    progress : Stage
        Told after every case how many are done and how many failed; may cancel.
    doing : str
        ``Extracting``.
    """
    failed = 0
    progress(0.0, f"{doing}: {len(rows)} cases")
    with closing(workers.run(work, shared, rows)) as done:  # type: ignore[type-var]
        for count, (number, result) in enumerate(done, start=1):
            row = rows[number]
            if isinstance(result, Died):
                result = Attempt(None, f"Case {row.id} could not be finished: {result.reason}.")
            failed += bool(result.reason)
            told = f", {failed} failed" if failed else ""
            progress(count / len(rows), f"{doing}: {count} of {len(rows)} cases{told}")
            yield row, result


def none_done(failures: dict[str, str], what: str) -> InputError:
    """The error of a cohort of which no case is left."""
    case, reason = next(iter(failures.items()))
    if len(failures) == 1:
        return InputError(reason)
    return InputError(f"None of the {len(failures)} cases could be {what}; the first, {case}: {reason}")
