"""The cases that can be opened, in the order of their list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    from RadFusionLib.cohort import CaseRow, Manifest

__all__ = ["BUILT_IN", "CaseList"]

BUILT_IN = "built-in case"


class CaseList:
    """The cases of a manifest, or the built-in one, and those that were added since.

    Parameters
    ----------
    manifest : Manifest or None
        ``None`` for the built-in case alone.
    seed : int
        Of the built-in case.
    """

    def __init__(self, manifest: Manifest | None = None, seed: int = 0) -> None:
        self._seed = seed
        # None stands for the built-in case.
        self._rows: list[CaseRow | None] = [None] if manifest is None else [*manifest]

    @property
    def ids(self) -> list[str]:
        """Case ids, in order."""
        return [BUILT_IN if row is None else row.id for row in self._rows]

    def add(self, row: CaseRow) -> int:
        """Add a case at the end; return its position.

        Raises
        ------
        InputError
            When there is a case of that name.
        """
        if row.id in self.ids:
            raise InputError(f"There is a case {row.id} already; give the new one another name.")
        self._rows.append(row)
        return len(self._rows) - 1

    def readings(self, number: int) -> list[str]:
        """The repeated readings of a case's tumour: ``2`` for a second reader, ``1.2`` for a second reading."""
        row = self._rows[number]
        return [] if row is None else list(row.readings)

    def row(self, number: int) -> CaseRow:
        """The row of a case.

        Raises
        ------
        InputError
            For the built-in case, which is in no manifest.
        """
        row = self._rows[number]
        if row is None:
            raise InputError("The built-in case is in no manifest, and nobody else has read it.")
        return row

    def rows_read_by(self, reading: str) -> list[CaseRow]:
        """The rows that have a repeated reading of the tumour."""
        return [row for row in self._rows if row is not None and reading in row.readings]

    def task(self, number: int) -> tuple[str, Any]:
        """What to ask of the worker for a case: the task's name and its argument."""
        row = self._rows[number]
        return ("simulate", self._seed) if row is None else ("load", row)
