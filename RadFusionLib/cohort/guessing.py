"""Guess a manifest from folders of images: a subfolder a patient, roles from the names. A person confirms it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from RadFusionLib.case import PHASES
from RadFusionLib.cohort.repeated import repeated
from RadFusionLib.dicom import RoleGuess, SeriesTags, guess_roles, is_drawn, open_drawn, read_tags
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import is_lesion_name

__all__ = ["GuessedManifest", "SeriesGuess", "guess_manifest", "guess_phase", "guess_region"]

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


@dataclass(frozen=True)
class SeriesGuess:
    """A DICOM series's cell, how sure its phase is (``high``, ``medium``, ``low``) and by what it was guessed."""

    case: str
    column: str
    path: str
    confidence: str
    reason: str


@dataclass(frozen=True)
class GuessedManifest:
    """A manifest to be confirmed.

    Parameters
    ----------
    rows : tuple of dict of str to str
        Cells by column; paths are absolute.
    unknown : tuple of str
        A line for each file or series that got no role, with the reason.
    guesses : tuple of SeriesGuess
        One for each DICOM series that got a role.
    """

    rows: tuple[dict[str, str], ...]
    unknown: tuple[str, ...]
    guesses: tuple[SeriesGuess, ...] = ()

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
    rows, unknown, guesses = [], [], []
    for patient in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        row, left, sure = _patient(patient)
        guesses += [SeriesGuess(row["case"], *guess) for guess in sure if row.get(guess[0]) == guess[1]]
        unknown += [f"{patient.name}: {line}" for line in left]
        if len(row) > 1:
            rows.append(row)
    if not rows:
        why = f" (the first: {unknown[0]})" if unknown else ""
        raise InputError(
            f"{folder} has no subfolder with an image that could be guessed{why}; name the files by phase."
        )
    twice = repeated(row["case"] for row in rows)
    if twice:
        raise InputError(f"{folder} has two subfolders that give the case id {twice[0]}; rename one.")
    return GuessedManifest(tuple(rows), tuple(unknown), tuple(guesses))


def _patient(folder: Path) -> tuple[dict[str, str], list[str], list[tuple[str, str, str, str]]]:
    """A patient's cells, what was not understood, and column, cell, confidence and reason of each series."""
    claims: dict[str, list[str]] = {}
    unknown: list[str] = []
    for file in _images(folder):
        columns = _columns_of_file(file, folder)
        for column, cell in columns:
            claims.setdefault(column, []).append(cell)
        if not columns:
            unknown.append(f"{file.relative_to(folder)} has no phase or region in its name")
    sure: list[tuple[str, str, str, str]] = []
    phases: dict[str, str] = {}
    for place, tags, guess in _series(folder, unknown):
        if guess.phase:
            phases[tags.uid] = guess.phase
            sure.append((f"image:{guess.phase}", str(place), guess.confidence, guess.reason))
            claims.setdefault(f"image:{guess.phase}", []).append(str(place))
        else:
            unknown.append(f"{place.relative_to(folder)} has no phase by its description, folder's name or tags")
    for file in _drawings(folder, unknown):
        for column, cell in _columns_of_drawing(file, folder, phases, unknown):
            claims.setdefault(column, []).append(cell)
    row = {"case": re.sub(r"[^\w.+-]+", "_", folder.name).lstrip(".") or "case"}
    for column, cells in claims.items():
        if len(cells) == 1:
            row[column] = cells[0]
        else:
            names = ", ".join(os.path.relpath(cell, folder) for cell in cells)
            unknown.append(f"{column} could be any of {names}")
    return row, unknown, sure


def _images(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name.lower().endswith(SUFFIXES) and not file.name.startswith("."):
            yield file


def _places(folder: Path) -> Iterator[Path]:
    yield from (folder, *sorted(p for p in folder.rglob("*") if p.is_dir()))


def _drawings(folder: Path, unknown: list[str]) -> Iterator[Path]:
    """DICOM segmentations and structure sets."""
    for file in sorted(p for place in _places(folder) for p in place.iterdir() if p.is_file()):
        try:
            if is_drawn(file):
                yield file
        except InputError:
            unknown.append(f"{file.relative_to(folder)} is a damaged DICOM file")


def _series(folder: Path, unknown: list[str]) -> Iterator[tuple[Path, SeriesTags, RoleGuess]]:
    """Every folder with one DICOM series, its tags and its guessed phase."""
    found = []
    for place in _places(folder):
        files = [f for f in place.iterdir() if f.is_file() and not f.name.lower().endswith(SUFFIXES)]
        series = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(place)) if files else ()
        if not series:
            continue
        try:
            tags = read_tags(place)
        except InputError:
            unknown.append(f"{place.relative_to(folder)} holds a DICOM series that cannot be read")
            continue
        if tags.modality in ("SEG", "RTSTRUCT"):
            continue
        if len(series) > 1:
            unknown.append(f"{place.relative_to(folder)} holds {len(series)} DICOM series; give each its own folder")
            continue
        found.append((place, tags))
    names = [guess_phase(tags.description, tags.modality) or guess_phase(p.name, tags.modality) for p, tags in found]
    guesses = guess_roles([tags for _, tags in found], names)
    yield from ((place, tags, guess) for (place, tags), guess in zip(found, guesses, strict=True))


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


def _columns_of_drawing(
    file: Path, folder: Path, phases: Mapping[str, str], unknown: list[str]
) -> list[tuple[str, str]]:
    """The cells of a DICOM segmentation: its segments by number, on the phase of the series they were drawn on."""
    try:
        drawn = open_drawn(file)
        phase = phases.get(drawn.series, "")
    except InputError:
        unknown.append(f"{file.relative_to(folder)} is a DICOM segmentation that cannot be read")
        return []
    where = f":{phase}" if phase else ""
    cells = []
    for number, name in drawn.segments:
        region = "tumor" if is_lesion_name(name) else "liver" if name.strip().lower() == "liver" else ""
        if region or len(drawn.segments) == 1:
            cells.append((f"mask:{region or 'tumor'}{where}", f"{file}#{number}"))
    if not cells:
        unknown.append(f"{file.relative_to(folder)} has no segment whose name says tumour or liver")
    return cells
