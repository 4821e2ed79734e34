"""The cases that can be opened, in the order of their list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    from RadFusionLib.cohort import CaseRow, Manifest

__all__ = ["BUILT_IN", "CaseList"]

BUILT_IN = "built-in case"


@dataclass(frozen=True)
class CaseList:
    """The cases of a manifest, or the built-in one.

    Parameters
    ----------
    manifest : Manifest or None
        ``None`` for the built-in case alone.
    seed : int
        Of the built-in case.
    """

    manifest: Manifest | None = None
    seed: int = 0

    @property
    def ids(self) -> list[str]:
        """Case ids, in order."""
        return [BUILT_IN] if self.manifest is None else [row.id for row in self.manifest]

    def readings(self, number: int) -> list[str]:
        """The repeated readings of a case's tumour: ``2`` for a second reader, ``1.2`` for a second reading."""
        if self.manifest is None:
            return []
        return list(self.manifest.rows[number].readings)

    def row(self, number: int) -> CaseRow:
        """The manifest's row of a case.

        Raises
        ------
        InputError
            For the built-in case, which is in no manifest.
        """
        if self.manifest is None:
            raise InputError("The built-in case is in no manifest, and nobody else has read it.")
        return self.manifest.rows[number]

    def rows_read_by(self, reading: str) -> list[CaseRow]:
        """The rows that have a repeated reading of the tumour."""
        return [] if self.manifest is None else [row for row in self.manifest if reading in row.readings]

    def task(self, number: int) -> tuple[str, Any]:
        """What to ask of the worker for a case: the task's name and its argument."""
        if self.manifest is None:
            return "simulate", self.seed
        return "load", self.manifest.rows[number]
