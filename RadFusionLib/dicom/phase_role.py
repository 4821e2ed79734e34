"""Which phase a series may be, by its tags and its study's: a guess with its confidence, for a person to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from RadFusionLib.dicom.header import is_dicom, numbers, read_header, said, understood

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["RoleGuess", "SeriesTags", "guess_roles", "read_tags"]

WANTED = (
    "Modality",
    "SeriesDescription",
    "SeriesInstanceUID",
    "ImageType",
    "ContrastBolusAgent",
    "ContrastBolusStartTime",
    "AcquisitionTime",
    "AcquisitionDateTime",
    "SeriesTime",
    "EchoTime",
    "DiffusionBValue",
)
NO_PHASE = {"LOCALIZER", "SUBTRACTION", "SUBTRACT", "MIP", "MPR", "PROJECTION IMAGE", "SCREEN SAVE", "POSDISP"}
"""Words of Image Type that say that a series is none of the phases."""

LONG_ECHO, SHORT_ECHO = 60.0, 15.0
"""Echo times, ms, from which on an image is T2-weighted, and up to which T1-weighted."""

WINDOWS = (("AP", 10.0, 50.0), ("PP", 50.0, 120.0), ("DP", 120.0, 600.0), ("HBP", 600.0, 3600.0))
"""Contrast phases of the liver by seconds after the injection began; the hepatobiliary one from 10 minutes."""

ARTERIAL_DELAY = 25.0
"""Seconds after the injection at which the first contrast series is taken to begin when nothing says when it was."""

NARROWER = {"T1": ("AP", "PP", "VP", "DP", "HBP"), "DWI": ("ADC",)}
"""What tags may say where a description says no more than the weighting."""

OF_CT = {"AP": "CT-AP", "PP": "CT-VP"}


@dataclass(frozen=True)
class SeriesTags:
    """What the tags of a series say of its acquisition; of the patient, nothing.

    Parameters
    ----------
    description : str
        Series Description, for finding words in it; never shown.
    image_type : frozenset of str
        In capitals.
    contrast : bool
        Whether a contrast agent is named.
    time, bolus : float or None
        Acquisition and start of the injection, seconds of the day.
    echo_time, b_value : float or None
        ms; s/mm^2.
    """

    modality: str
    description: str = ""
    uid: str = ""
    image_type: frozenset[str] = frozenset()
    contrast: bool = False
    time: float | None = None
    bolus: float | None = None
    echo_time: float | None = None
    b_value: float | None = None


@dataclass(frozen=True)
class RoleGuess:
    """A phase (or nothing), how sure the guess is (``high``, ``medium``, ``low``), and by what it was made."""

    phase: str
    confidence: str
    reason: str


def read_tags(folder: str | Path) -> SeriesTags:
    """Read the tags of the first slice of a series.

    Raises
    ------
    InputError
        When the folder holds no DICOM file or its first one is damaged.
    """
    path = next((p for p in sorted(Path(folder).iterdir()) if is_dicom(p)), Path(folder) / "a DICOM file")
    header = read_header(path, WANTED)
    with understood(path):
        return _tags(header)


def guess_roles(series: Sequence[SeriesTags], named: Sequence[str]) -> list[RoleGuess]:
    """Guess the phases of one patient's series.

    Parameters
    ----------
    series : sequence of SeriesTags
        All of a patient's, since the order of contrast phases shows only among them.
    named : sequence of str
        The phase that a description or a folder's name speaks of, or nothing, one each.
    """
    by_tags = [_by_tags(tags) for tags in series]
    for index, guess in _by_time(series, by_tags).items():
        by_tags[index] = guess
    return [_together(name, guess) for name, guess in zip(named, by_tags, strict=True)]


def _together(name: str, by_tags: RoleGuess) -> RoleGuess:
    if not name:
        return by_tags
    if not by_tags.phase and by_tags.confidence == "high":
        return RoleGuess("", "high", by_tags.reason)
    if not by_tags.phase:
        return RoleGuess(name, "medium", "its description")
    if by_tags.phase in NARROWER.get(name, ()):
        return by_tags
    if by_tags.phase == name or {name, by_tags.phase} == {"PP", "VP"}:
        return RoleGuess(name, "high", f"its description and {by_tags.reason}")
    return RoleGuess(name, "low", f"its description, against {by_tags.reason}, which say {by_tags.phase}")


def _by_tags(tags: SeriesTags) -> RoleGuess:
    """What a series' own tags say."""
    if tags.image_type & NO_PHASE:
        return RoleGuess("", "high", "ImageType, which says that it is a localizer or derived picture")
    if tags.modality != "MR":
        return RoleGuess("", "low", "no tag")
    if "ADC" in tags.image_type:
        return RoleGuess("ADC", "high", "ImageType")
    if tags.b_value or "DIFFUSION" in tags.image_type:
        return RoleGuess("DWI", "high", "DiffusionBValue" if tags.b_value else "ImageType")
    if tags.echo_time is not None and tags.echo_time >= LONG_ECHO:
        return RoleGuess("T2", "medium", "EchoTime")
    return RoleGuess("", "low", "no tag")


def _by_time(series: Sequence[SeriesTags], by_tags: Sequence[RoleGuess]) -> dict[int, RoleGuess]:
    """Contrast phases by the time since the injection, and what was taken before it."""
    found: dict[int, RoleGuess] = {}
    for modality in ("MR", "CT"):
        open_ = [i for i, tags in enumerate(series) if tags.modality == modality and _may_be_dynamic(tags, by_tags[i])]
        enhanced = [i for i in open_ if series[i].contrast and series[i].time is not None]
        for index in open_:
            if not series[index].contrast and enhanced:
                plain = "CT-NP" if modality == "CT" else "T1"
                found[index] = RoleGuess(plain, "medium", "ContrastBolusAgent, which it alone lacks")
        if not enhanced:
            continue
        first = min(series[i].time or 0.0 for i in enhanced)
        for index in enhanced:
            tags = series[index]
            known = tags.bolus is not None and 0 <= (tags.time or 0.0) - tags.bolus < WINDOWS[-1][2]
            since = (tags.time or 0.0) - (tags.bolus or 0.0) if known else (tags.time or 0.0) - first + ARTERIAL_DELAY
            phase = next((name for name, low, high in WINDOWS if low <= since < high), "")
            phase = OF_CT.get(phase, "") if modality == "CT" else phase
            reason = "AcquisitionTime after ContrastBolusStartTime" if known else "the order of AcquisitionTime"
            found[index] = RoleGuess(phase, "medium" if known else "low", reason)
    return found


def _may_be_dynamic(tags: SeriesTags, guess: RoleGuess) -> bool:
    short = tags.modality == "CT" or (tags.echo_time is not None and tags.echo_time <= SHORT_ECHO)
    return short and not guess.phase and guess.confidence == "low"


def _tags(header: Dataset) -> SeriesTags:
    def number(keyword: str) -> float | None:
        found = numbers(header, keyword, 1)
        return found[0] if found else None

    time = _seconds(said(header, "AcquisitionTime")) or _seconds(said(header, "AcquisitionDateTime")[8:])
    return SeriesTags(
        modality=said(header, "Modality"),
        description=said(header, "SeriesDescription"),
        uid=said(header, "SeriesInstanceUID"),
        image_type=frozenset(str(word).upper() for word in header.get("ImageType") or []),
        contrast=bool(said(header, "ContrastBolusAgent")),
        time=time if time is not None else _seconds(said(header, "SeriesTime")),
        bolus=_seconds(said(header, "ContrastBolusStartTime")),
        echo_time=number("EchoTime"),
        b_value=number("DiffusionBValue"),
    )


def _seconds(text: str) -> float | None:
    """Seconds of the day of a DICOM time, HHMMSS.FFFFFF."""
    digits = text.split(".")[0]
    if len(digits) < 4 or not digits.isdigit():
        return None
    return 3600.0 * int(digits[:2]) + 60.0 * int(digits[2:4]) + float(digits[4:6] or 0)
