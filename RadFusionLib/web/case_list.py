"""The cases that can be opened, in the order of their list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    from RadFusionLib.cohort import CaseRow, Manifest

__all__ = ["BUILT_IN", "CaseList", "SavedScene"]

BUILT_IN = "built-in case"


@dataclass(frozen=True)
class SavedScene:
    """A case as a scene file holds it."""

    id: str
    path: Path


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
        self._rows: list[CaseRow | SavedScene | None] = [None] if manifest is None else [*manifest]

    @property
    def ids(self) -> list[str]:
        """Case ids, in order."""
        return [BUILT_IN if row is None else row.id for row in self._rows]

    def add(self, row: CaseRow | SavedScene) -> int:
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
        return list(row.readings) if _in_manifest(row) else []

    def row(self, number: int) -> CaseRow:
        """The row of a case.

        Raises
        ------
        InputError
            For the built-in case and a scene, which are in no manifest.
        """
        row = self._rows[number]
        if not _in_manifest(row):
            raise InputError(f"Case {self.ids[number]} is in no manifest, and nobody else has read it.")
        return row

    def rows_read_by(self, reading: str) -> list[CaseRow]:
        """The rows that have a repeated reading of the tumour."""
        return [row for row in self._rows if _in_manifest(row) and reading in row.readings]

    def task(self, number: int) -> tuple[str, tuple[Any, ...]]:
        """What to ask of the worker for a case: the task's name and its arguments."""
        row = self._rows[number]
        if row is None:
            return "simulate", (self._seed,)
        return ("open_scene", (row.path, row.id)) if isinstance(row, SavedScene) else ("load", (row,))


def _in_manifest(row: CaseRow | SavedScene | None) -> TypeGuard[CaseRow]:
    return row is not None and not isinstance(row, SavedScene)
