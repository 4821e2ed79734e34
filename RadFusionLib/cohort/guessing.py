"""Guess a manifest from folders of images: a subfolder a patient, roles from the names. A person confirms it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from RadFusionLib.case import PHASES
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import is_lesion_name

__all__ = ["GuessedManifest", "guess_manifest", "guess_phase", "guess_region"]

SUFFIXES = (".nrrd", ".nii", ".nii.gz", ".mha")

# A word ends at anything but a letter or digit, and at an underscore; the first rule that fits wins.
_START, _END = r"(?:^|[^a-z0-9])", r"(?:$|[^a-z0-9])"
ROLES = (
    ("HBP", r"hbp|hepato-?biliary|hep|20 ?min"),
    ("ADC", r"adc"),
    ("DWI", r"dwi|diff\w*|b[1-9]\d{1,3}"),
    ("T2", r"t2\w*"),
    ("AP", r"ap|art|arterial|late ?arterial"),
    ("PP", r"pp|pvp|pv|portal|porto ?venous|portal ?venous"),
    ("VP", r"vp|ven|venous"),
    ("DP", r"dp|delayed|equilibrium|transitional|late"),
    ("NP", r"np|plain|native|pre|precontrast|unenhanced|non ?contrast|noncontrast"),
    ("T1", r"t1\w*"),
)
CT_ROLES = {"AP": "CT-AP", "PP": "CT-VP", "VP": "CT-VP", "NP": "CT-NP"}
MASK = re.compile(rf"{_START}(seg|segmentation|mask|label|roi|voi|gtv){_END}")
TUMOR = re.compile(rf"{_START}(tumou?r|lesion|gtv|hcc|icca?){_END}")
LIVER = re.compile(rf"{_START}liver{_END}")
DESCRIPTION, MODALITY = "0008|103e", "0008|0060"


@dataclass(frozen=True)
class GuessedManifest:
    """A manifest to be confirmed.

    Parameters
    ----------
    rows : tuple of dict of str to str
        Cells by column; paths are absolute.
    unknown : tuple of str
        A line for each file or series that got no role, with the reason.
    """

    rows: tuple[dict[str, str], ...]
    unknown: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """``case``, then the images in the contract's order, then the masks."""
        have = {column for row in self.rows for column in row}
        images = [f"image:{phase}" for phase in PHASES if f"image:{phase}" in have]
        return ["case", *images, *sorted(column for column in have if column.startswith("mask:"))]


def guess_phase(name: str, modality: str = "") -> str:
    """The phase that a file's or series' name speaks of, or nothing.

    Parameters
    ----------
    name : str
        As ``"t1_vibe_fs_arterial"``.
    modality : str
        DICOM's, ``CT`` or ``MR``; without it a word ``CT`` in the name says CT.
    """
    text = re.sub(r"[_\s]+", " ", name.lower())
    computed = modality == "CT" or (not modality and re.search(rf"{_START}ct{_END}", text) is not None)
    for role, pattern in ROLES:
        if re.search(rf"{_START}(?:{pattern}){_END}", text):
            if computed:
                return CT_ROLES.get(role, "")
            return "T1" if role == "NP" else role
    return ""


def guess_region(name: str) -> str:
    """``tumor`` or ``liver`` where a name says that a file is a mask, ``mask`` where it says no more, or nothing."""
    text = re.sub(r"[_\s]+", " ", name.lower())
    if TUMOR.search(text):
        return "tumor"
    if LIVER.search(text) and (MASK.search(text) or not guess_phase(name)):
        return "liver"
    return "mask" if MASK.search(text) else ""


def guess_manifest(folder: str | Path) -> GuessedManifest:
    """Look through a folder with a subfolder for each patient.

    Raises
    ------
    InputError
        When the folder is missing or holds no subfolder with an image.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name one with a subfolder for each patient.")
    rows, unknown = [], []
    for patient in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        row, left = _patient(patient)
        unknown += [f"{patient.name}: {line}" for line in left]
        if len(row) > 1:
            rows.append(row)
    if not rows:
        why = f" (the first: {unknown[0]})" if unknown else ""
        raise InputError(
            f"{folder} has no subfolder with an image that could be guessed{why}; name the files by phase."
        )
    ids = [row["case"] for row in rows]
    twice = sorted({case for case in ids if ids.count(case) > 1})
    if twice:
        raise InputError(f"{folder} has two subfolders that give the case id {twice[0]}; rename one.")
    return GuessedManifest(tuple(rows), tuple(unknown))


def _patient(folder: Path) -> tuple[dict[str, str], list[str]]:
    claims: dict[str, list[str]] = {}
    unknown: list[str] = []
    for file in _images(folder):
        columns = _columns_of_file(file, folder)
        for column, cell in columns:
            claims.setdefault(column, []).append(cell)
        if not columns:
            unknown.append(f"{file.relative_to(folder)} has no phase or region in its name")
    for series in _dicom_folders(folder):
        column, reason = _column_of_series(series, folder)
        if column:
            claims.setdefault(column, []).append(str(series))
        else:
            unknown.append(reason)
    row = {"case": re.sub(r"[^\w.+-]+", "_", folder.name).lstrip(".") or "case"}
    for column, cells in claims.items():
        if len(cells) == 1:
            row[column] = cells[0]
        else:
            names = ", ".join(os.path.relpath(cell, folder) for cell in cells)
            unknown.append(f"{column} could be any of {names}")
    return row, unknown


def _images(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name.lower().endswith(SUFFIXES) and not file.name.startswith("."):
            yield file


def _dicom_folders(folder: Path) -> Iterator[Path]:
    for place in (folder, *sorted(p for p in folder.rglob("*") if p.is_dir())):
        files = [f for f in place.iterdir() if f.is_file() and not f.name.lower().endswith(SUFFIXES)]
        if files and sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(place)):
            yield place


def _stem(file: Path) -> str:
    name = file.name.lower()
    for suffix in (".seg.nrrd", *sorted(SUFFIXES, key=len, reverse=True)):
        name = name.removesuffix(suffix)
    return name


def _columns_of_file(file: Path, folder: Path) -> list[tuple[str, str]]:
    """The cells that a file fills: one for an image or a mask, one a region for a named segmentation."""
    if file.name.lower().endswith(".seg.nrrd"):
        return _columns_of_segments(file)
    stem = _stem(file)
    phase = guess_phase(stem) or guess_phase(" ".join(file.relative_to(folder).parts[:-1]))
    region = guess_region(stem)
    if region == "mask":
        region = "tumor"
    if region:
        return [(f"mask:{region}" + (f":{phase}" if phase else ""), str(file))]
    return [(f"image:{phase}", str(file))] if phase else []


def _columns_of_segments(file: Path) -> list[tuple[str, str]]:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(file))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return []
    keys = reader.GetMetaDataKeys()
    names = [reader.GetMetaData(key).strip() for key in keys if re.fullmatch(r"Segment\d+_Name", key)]
    phase = guess_phase(_stem(file))
    where = f":{phase}" if phase else ""
    cells = [(f"mask:tumor{where}", f"{file}#{name}") for name in names if is_lesion_name(name)]
    return cells + [(f"mask:liver{where}", f"{file}#{name}") for name in names if name.lower() == "liver"]


def _column_of_series(place: Path, folder: Path) -> tuple[str, str]:
    where = str(place.relative_to(folder))
    series = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(place))
    if len(series) > 1:
        return "", f"{where} holds {len(series)} DICOM series; give each a folder of its own"
    reader = sitk.ImageFileReader()
    reader.SetFileName(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(place), series[0])[0])
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return "", f"{where} holds a DICOM series that cannot be read"
    said = {key: reader.GetMetaData(key).strip() for key in (DESCRIPTION, MODALITY) if reader.HasMetaDataKey(key)}
    if said.get(MODALITY) in ("SEG", "RTSTRUCT"):
        return "", f"{where} holds a DICOM segmentation; load it in Slicer and save it as .seg.nrrd"
    modality = said.get(MODALITY, "")
    phase = guess_phase(said.get(DESCRIPTION, ""), modality) or guess_phase(place.name, modality)
    return (f"image:{phase}", "") if phase else ("", f"{where} has no phase in its description or folder's name")
