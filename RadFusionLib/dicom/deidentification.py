"""Copies of DICOM files that no longer say who the patient is, after the standard's basic profile."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from RadFusionLib.dicom.basic_profile import EDITION, action_of
from RadFusionLib.dicom.header import is_dicom, read_header, said, understood
from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

__all__ = ["Deidentified", "deidentify", "deidentify_dataset", "hashed_uid"]

COPIED = ("CT", "MR", "PT", "SEG", "RTSTRUCT")
"""Modalities that are copied: scans and drawings. Reports, documents and screen shots hold names in their body."""

SCREEN_SHOTS = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary Capture, of one frame or more."""

REMOVED = ("PN", "AE", "LT", "ST", "UT", "UR", "DA", "DT", "TM", "AS", "UN", "OB", "OW", "OF", "OD", "OL", "OV")
"""What is removed by its kind where the profile does not list it: it could hold anything."""

SHORT = ("LO", "SH", "UC")
"""Short texts that are removed too unless they are known to describe the machine or the object, not the patient."""

KEPT = (
    "AlgorithmName",
    "AlgorithmVersion",
    "BluePaletteColorLUTData",
    "CodeMeaning",
    "CodeValue",
    "CodingSchemeDesignator",
    "CodingSchemeVersion",
    "ContentLabel",
    "ContrastBolusIngredient",
    "ConvolutionKernel",
    "DoubleFloatPixelData",
    "FilterType",
    "FloatPixelData",
    "GreenPaletteColorLUTData",
    "LUTExplanation",
    "LUTLabel",
    "LongCodeValue",
    "Manufacturer",
    "ManufacturerModelName",
    "PixelData",
    "ReceiveCoilName",
    "RedPaletteColorLUTData",
    "SequenceName",
    "SoftwareVersions",
    "TransmitCoilName",
)
"""Elements of such a kind that are kept."""

NAMED = {"SegmentLabel": "Segment", "ROIName": "ROI", "SegmentDescription": "Segment", "TrackingID": "Segment"}
"""What tells regions apart: a usual word for a region stays, anything else becomes a neutral one."""

REGION_WORD = re.compile(r"(tumou?r|lesion|liver|shell)( ?\d{1,2})?", re.IGNORECASE)

DUMMY = {"DA": "19000101", "TM": "000000", "DT": "19000101000000", "AS": "000Y", "DS": "0", "IS": "0"}
METHOD = f"RadFusion, basic profile of DICOM {EDITION}"


@dataclass(frozen=True)
class Deidentified:
    """What became of a folder.

    Parameters
    ----------
    files : mapping of Path to Path
        Copy by original.
    left_out : mapping of str to int
        Number of DICOM files that were not copied, by reason.
    """

    files: Mapping[Path, Path]
    left_out: Mapping[str, int] = field(default_factory=dict)


def deidentify(folder: str | Path, out: str | Path, *, key: bytes = b"", case: str = "") -> Deidentified:
    """Copy the scans and drawings of a folder, with all its subfolders, without the patient's identity.

    Each series gets a folder of its own in ``out``. Folders and files are named by their new UIDs, since the old
    names may say who the patient is. Voxels and geometry are copied as they are.

    Parameters
    ----------
    folder : str or Path
        With DICOM files at any depth; or one DICOM file.
    out : str or Path
        Must not exist; appears when all is copied.
    key : bytes
        Goes into the hash that replaces UIDs. With the same key, UIDs of all calls agree; without one, whoever has
        the original UIDs can find out which they became.
    case : str
        Pseudonym that takes the place of the patient's name and id; both are empty without.

    Raises
    ------
    InputError
        When there is nothing to copy, ``out`` exists, or a file is damaged, has no UID, or has text burnt into its
        voxels.
    """
    folder, out = Path(folder), Path(out)
    if not folder.exists():
        raise InputError(f"{folder} does not exist; name a folder with DICOM files.")
    if out.exists():
        raise InputError(f"{out} is there already; name a new folder for the copies.")
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    files: dict[Path, Path] = {}
    left_out: dict[str, int] = {}
    try:
        for path in [folder] if folder.is_file() else sorted(filter(is_dicom, folder.rglob("*"))):
            data = read_header(path, voxels=True)
            with understood(path):
                reason = _why_not(data, path)
                if reason:
                    left_out[reason] = left_out.get(reason, 0) + 1
                    continue
                place = _copy(data, partial, path, key, case)
            files[path] = out / place
        if not files:
            raise InputError(f"{folder} holds no DICOM scan or drawing that could be copied; name another folder.")
        os.replace(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Deidentified(files, left_out)


def deidentify_dataset(data: Dataset, *, key: bytes = b"", case: str = "") -> None:
    """Take the identity out of one data set, in place; its voxels and geometry stay."""
    from pydicom import Dataset as Item

    _clean(data, key)
    data.PatientName = data.PatientID = case
    data.PatientIdentityRemoved = "YES"
    data.DeidentificationMethod = METHOD
    method: Any = Item()
    method.CodeValue, method.CodingSchemeDesignator = "113100", "DCM"
    method.CodeMeaning = "Basic Application Confidentiality Profile"
    data.DeidentificationMethodCodeSequence = [method]
    data.LongitudinalTemporalInformationModified = "REMOVED"


def hashed_uid(uid: str, key: bytes = b"") -> str:
    """The UID that takes the place of ``uid``: always the same, and of no organisation."""
    digest = hmac.new(key or b"RadFusion", uid.encode(), hashlib.sha256).digest()
    # RFC 4122 layout, version 8 (its bits by the maker), as the root 2.25 asks for.
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | (8 << 76)
    return f"2.25.{number & ~(0x3 << 62) | (0x2 << 62)}"


def _why_not(data: Dataset, path: Path) -> str:
    """Why a file is not copied, or nothing."""
    from pydicom.pixels.utils import get_expected_length

    if said(data, "Modality") not in COPIED or said(data, "SOPClassUID").startswith(SCREEN_SHOTS):
        return "neither a scan nor a drawing"
    if said(data, "BurnedInAnnotation").upper() == "YES":
        raise InputError(f"{path} says that text is burnt into its voxels; remove that series first.")
    if not all(said(data, keyword) for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID")):
        raise InputError(f"{path} has no UIDs of its own; export it again.")
    packed = data.file_meta.TransferSyntaxUID.is_compressed
    if "PixelData" in data and not packed and len(data.PixelData) < get_expected_length(data):
        raise InputError(f"{path} ends before its voxels do; copy it again.")
    return ""


def _copy(data: Dataset, folder: Path, path: Path, key: bytes, case: str) -> Path:
    """Write a copy beneath ``folder`` and return its place in it."""
    from pydicom import FileMetaDataset

    syntax = data.file_meta.TransferSyntaxUID
    deidentify_dataset(data, key=key, case=case)
    # Preamble and the file's own group can hold anything too.
    data.preamble = b"\0" * 128
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    place = Path(data.SeriesInstanceUID[-12:]) / f"{data.SOPInstanceUID[-16:]}.dcm"
    if (folder / place).exists():
        raise InputError(f"{path} has the UID of another file of its series; remove one.")
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    data.save_as(folder / place, enforce_file_format=True)
    return place


def _clean(data: Dataset, key: bytes) -> None:
    for tag in list(data.keys()):
        element = data[tag]
        if element.tag.is_private or not element.keyword or element.tag.group & 0xFF00 in (0x5000, 0x6000):
            del data[tag]
        else:
            _act(data, element, key)


def _act(data: Dataset, element: DataElement, key: bytes) -> None:
    """Remove an element, replace its value, or go through its items."""
    action = action_of(element.keyword)
    if element.keyword in NAMED:
        element.value = _region_name(data, element)
    elif action == "X":
        del data[element.tag]
    elif element.VR == "UI":
        element.value = _uids(element.value, key)
    elif element.VR == "SQ":
        if action and "U" not in action:
            element.value = []
        for item in element.value:
            _clean(item, key)
    elif action in ("Z", "X/Z"):
        element.value = None
    elif action:
        element.value = DUMMY.get(element.VR, b"" if element.VR in ("OB", "UN") else "REMOVED")
    elif element.keyword not in KEPT and element.VR in (*REMOVED, *SHORT):
        del data[element.tag]


def _region_name(data: Dataset, element: DataElement) -> str:
    text = str(element.value or "").strip()
    number = data.get("SegmentNumber") or data.get("ROINumber") or ""
    return text if REGION_WORD.fullmatch(text) else f"{NAMED[element.keyword]} {number}".strip()


def _uids(value: Any, key: bytes) -> Any:
    """Other UIDs for those of instances; those that the standard registers name classes, not patients."""
    if not value:
        return value
    if isinstance(value, str):
        return value if _registered(value) else hashed_uid(value, key)
    return [_uids(entry, key) for entry in value]


def _registered(uid: str) -> bool:
    from pydicom.uid import UID_dictionary

    return uid in UID_dictionary
