"""A guessed manifest of copies that no longer say who the patients are."""

from __future__ import annotations

import csv
import hmac
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from RadFusionLib.cohort.guessing import GuessedManifest, SeriesGuess
from RadFusionLib.dicom import deidentify
from RadFusionLib.errors import InputError
from RadFusionLib.progress import ProgressCallback, Stage

__all__ = ["deidentify_cohort"]


def deidentify_cohort(
    guess: GuessedManifest,
    folder: Path,
    out: Path,
    key: bytes = b"",
    progress: ProgressCallback | None = None,
) -> GuessedManifest:
    """Copy a cohort's DICOM files without the patients' identity, and list the copies in place of the originals.

    Cases are numbered anew, since the names of folders may be patients' names. Which folder became which case is
    written beside ``out`` (``OUT-folders.csv``, readable by its owner alone), to be kept apart from the copies.
    Files that are no DICOM are not copied: what is in them and in their names is not known.

    Raises
    ------
    InputError
        When ``out`` exists, or a patient's files cannot be used; then nothing is left.
    """
    stage = Stage(progress)
    if out.exists():
        raise InputError(f"{out} is there already; name a new folder for the copies.")
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    rows, names, left = [], {}, 0
    try:
        # By hash: numbers in the order of the folders' names would say something of the names.
        ordered = sorted(guess.rows, key=lambda row: hmac.new(key, row["case"].encode(), "sha256").digest())
        for number, row in enumerate(ordered, start=1):
            stage((number - 1) / len(guess.rows), f"Copying case {number} of {len(guess.rows)}")
            case = f"case-{number:04d}"
            patient = _patient(row, folder)
            if patient is None:
                left += len(row) - 1
                continue
            found = deidentify(patient, partial / case, key=key, case=case)
            moved = _moved(row, found.files, lambda path: out / path.relative_to(partial))
            left += len(row) - 1 - len(moved)
            rows.append({"case": case, **moved})
            names[row["case"]] = (case, patient.name)
        if not rows:
            raise InputError(f"{folder} holds no DICOM series to copy; other files cannot be de-identified.")
        os.replace(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _write_names(list(names.values()), out.with_name(f"{out.name}-folders.csv"))
    cells = {(row["case"], column) for row in rows for column in row}
    guesses = tuple(
        SeriesGuess(names[g.case][0], g.column, "", g.confidence, g.reason)
        for g in guess.guesses
        if g.case in names and (names[g.case][0], g.column) in cells
    )
    said = (f"{left} cells of files that are no DICOM, which were not copied",) if left else ()
    hidden = (f"{len(guess.unknown)} files or series without a role; look at the originals",) if guess.unknown else ()
    return GuessedManifest(tuple(rows), (*said, *hidden), guesses)


def _patient(row: Mapping[str, str], folder: Path) -> Path | None:
    """The subfolder of a row's DICOM cells; None for a row without a cell."""
    for column, cell in row.items():
        if column != "case":
            return folder / Path(cell).relative_to(folder).parts[0]
    return None


def _moved(row: Mapping[str, str], files: Mapping[Path, Path], place: Callable[[Path], Path]) -> dict[str, str]:
    """The cells of a row with the copies in place of what was copied."""
    by_folder = {original.parent: copy.parent for original, copy in files.items()}
    moved = {}
    for column, cell in row.items():
        name, mark, segment = cell.rpartition("#") if column.startswith("mask:") and "#" in cell else (cell, "", "")
        path = Path(name)
        if column == "case":
            continue
        if path in files:
            moved[column] = f"{place(files[path])}{mark}{segment}"
        elif path in by_folder and column.startswith("image:"):
            moved[column] = str(place(by_folder[path]))
    return moved


def _write_names(names: list[tuple[str, str]], path: Path) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case", "folder"])
        writer.writerows(names)
