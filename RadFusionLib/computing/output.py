"""The place of a run's output: one run at a time, and a store beside it for what is finished."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from RadFusionLib.computing.lock import locked
from RadFusionLib.computing.store import Store
from RadFusionLib.whole_file import sweep

__all__ = ["FOLDER", "output_of"]

FOLDER = ".radfusion"
"""Lies beside an output; whoever needs no --resume may delete it."""


@contextmanager
def output_of(folder: str | Path, what: str | Path, written: Iterable[Path] = ()) -> Iterator[Store]:
    """Hold an output for one run and give the store of its finished work.

    Parameters
    ----------
    folder : path
        Where lock and store are kept.
    what : path
        The output, for the sentence that a second run is given.
    written : iterable of Path
        What the run writes: whatever a killed run left of it half-written is removed first.

    Raises
    ------
    InputError
        When another run holds it.
    """
    folder = Path(folder)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    with locked(folder / "lock", what):
        store = Store(folder)
        store.sweep()
        for path in written:
            sweep(path)
        try:
            yield store
        except BaseException:
            # Workers that were stopped on the way may have left something.
            store.sweep()
            raise
        finally:
            _undo(folder, made)


def _undo(folder: Path, made: Iterable[Path]) -> None:
    """Where nothing was kept, nothing stays."""
    if not any(place.is_file() and place.name != "lock" for place in folder.rglob("*")):
        with suppress(OSError):
            (folder / "lock").unlink()
            for place in dict.fromkeys((folder, *made)):
                place.rmdir()
