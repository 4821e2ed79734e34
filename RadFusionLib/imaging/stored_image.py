"""What an image file says of itself, checked before a native reader believes it.

ITK sets memory aside for as many voxels as a header asks for, follows a header to any other file, and tries every
format that it knows on a file whose first bytes are damaged; some of those readers end the whole process on it. So the
format is found here, from a list of few, and the header's claims are held against the file's own length.
"""

from __future__ import annotations

import gzip
import math
import re
import stat
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from RadFusionLib.errors import InputError

__all__ = ["MOST_VOXELS", "image_reader"]

MOST_VOXELS = 1 << 29
"""Of an image with all its layers."""

MOST_PACKED = 1100
"""How much longer than its packed form anything can be: deflate's own limit is 1032."""

LONGEST_HEADER = 1 << 20
LONGEST_LINE = 1 << 16


@dataclass(frozen=True)
class _NiftiFields:
    """Where a header's fields lie, and the types (of `struct`) of those that differ between NIfTI-1 and NIfTI-2."""

    size_type: str
    sizes: int
    kind: int
    offset_type: str
    offset: int
    magic: int


NIFTI_FIELDS = {348: _NiftiFields("h", 40, 70, "f", 108, 344), 540: _NiftiFields("q", 16, 12, "q", 168, 4)}
"""By the length of the header, which is its first field."""

NRRD_BYTES = {
    **dict.fromkeys(("signed char", "int8", "int8_t", "uchar", "unsigned char", "uint8", "uint8_t"), 1),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), 2),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), 2),
    **dict.fromkeys(
        ("int", "signed int", "int32", "int32_t", "uint", "unsigned int", "uint32", "uint32_t", "float"), 4
    ),
    **dict.fromkeys(("longlong", "long long", "long long int", "signed long long", "signed long long int"), 8),
    **dict.fromkeys(("ulonglong", "unsigned long long", "unsigned long long int", "int64", "int64_t"), 8),
    **dict.fromkeys(("uint64", "uint64_t", "double"), 8),
}
NRRD_FIELD = re.compile(r"[\w \t-]{1,40}")
"""What a field of a NRRD header may be called."""
META_BYTES = {
    "MET_CHAR": 1,
    "MET_UCHAR": 1,
    "MET_SHORT": 2,
    "MET_USHORT": 2,
    "MET_INT": 4,
    "MET_UINT": 4,
    "MET_FLOAT": 4,
}
LARGEST_KIND = 8
NIFTI_KINDS = {2: 8, 4: 16, 8: 32, 16: 32, 64: 64, 256: 8, 512: 16, 768: 32, 1024: 64, 1280: 64}
"""Bits of a voxel by NIfTI's code of its kind; colours and complex numbers are no grey-scale image."""


NIFTI_1 = ((76, "8f"), (256, "6f"), (280, "12f"))
NIFTI_2 = ((104, "8d"), (352, "6d"), (400, "12d"))
"""Where the voxel sizes, the quaternion and the affine lie."""

FARTHEST = 1e9
"""Beyond it, and where it is no number, ITK looks for ever for the axes that a header means."""


def image_reader(path: Path) -> str:
    """Check an image file's header and say which of ITK's readers is to read it.

    Raises
    ------
    InputError
        When the file is none of NRRD, NIfTI, MetaImage and DICOM, its header claims what the file cannot hold, or its
        voxels lie in another file.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is neither a file nor a folder; name an image.")
        with path.open("rb") as stream:
            first = stream.read(132)
        name = path.name.lower()
        if first[128:] == b"DICM":
            return "GDCMImageIO"
        if name.endswith((".nii", ".nii.gz")):
            _check_nifti(path, first, status.st_size)
            return "NiftiImageIO"
        if name.endswith(".mha"):
            _check_meta(path, status.st_size)
            return "MetaImageIO"
        if name.endswith(".nrrd"):
            _check_nrrd(path, first, status.st_size)
            return "NrrdImageIO"
    except (OSError, EOFError, ValueError, OverflowError, zlib.error, struct.error) as error:
        raise InputError(f"{path} cannot be read as an image; check the file.") from error
    raise InputError(f"{path} cannot be read as an image; give NRRD, NIfTI, MetaImage or DICOM.")


def _check_claim(path: Path, sizes: list[int], voxel: int, length: int, packed: bool) -> None:
    """Refuse more voxels than the file can hold, or than any scan has."""
    if not sizes or min(sizes) < 1:
        raise InputError(f"{path} cannot be read as an image (it has no voxels); check the file.")
    voxels = math.prod(sizes)
    if voxels > MOST_VOXELS:
        raise InputError(f"{path} claims {voxels:.3g} voxels, more than a scan has; check the file.")
    if voxels * voxel > length * (MOST_PACKED if packed else 1) + (1024 if packed else 0):
        raise InputError(f"{path} cannot be read as an image (it ends too early); copy or export it again.")


def _check_places(path: Path, values: Iterable[float]) -> None:
    """Refuse voxel sizes, axes and places that are no numbers, or of no world."""
    if not all(abs(value) < FARTHEST for value in values):
        raise InputError(f"{path} cannot be read as an image (its place in space is no place); mend its header.")


def _numbers(text: str) -> list[float]:
    """The numbers of a header's line, brackets and ``none`` left out."""
    return [float(word) for word in re.split(r"[(),\s]+", text) if word and word != "none"]


def _check_nifti(path: Path, first: bytes, length: int) -> None:
    """Refuse a header that is not whole or not true: ITK would fill missing voxels without a word."""
    if first[:4] == b"NRRD":
        raise InputError(f"{path} is a NRRD file under another name; rename it to .nrrd or .seg.nrrd.")
    packed = first[:2] == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as stream:
        header = stream.read(544)
        order, fields = _nifti_fields(header)
        (count, *sizes) = struct.unpack_from(f"{order}8{fields.size_type}", header, fields.sizes)
        kind, bits = struct.unpack_from(f"{order}2h", header, fields.kind)
        (offset,) = struct.unpack_from(f"{order}{fields.offset_type}", header, fields.offset)
        magic = header[fields.magic : fields.magic + 3]
        right = (
            1 <= count <= 7 and NIFTI_KINDS.get(kind) == bits and 0 <= offset < LONGEST_HEADER and offset == int(offset)
        )
        if not right or magic not in (b"n+1", b"n+2"):
            raise InputError(f"{path} cannot be read as an image (its header is damaged); check the file.")
        for place, numbers in NIFTI_2 if magic == b"n+2" else NIFTI_1:
            _check_places(path, struct.unpack_from(f"{order}{numbers}", header, place))
        sizes = [max(1, size) for size in sizes[:count]]
        _check_claim(path, sizes, bits // 8, length, packed)
        wanted = int(offset) + math.prod(sizes) * bits // 8
        have = len(header)
        while have < wanted and (part := stream.read(1 << 22)):
            have += len(part)
    if have < wanted:
        raise InputError(f"{path} cannot be read as an image (it ends too early); copy or export it again.")


def _nifti_fields(header: bytes) -> tuple[str, _NiftiFields]:
    """Byte order and places of a NIfTI header's fields."""
    for order in "<>":
        (length,) = struct.unpack_from(f"{order}i", header)
        if length in NIFTI_FIELDS:
            return order, NIFTI_FIELDS[length]
    raise ValueError("no NIfTI header")


def _check_nrrd(path: Path, first: bytes, length: int) -> None:
    if not re.match(rb"NRRD000[1-5]\r?\n", first):
        raise ValueError("no NRRD header")
    with path.open("rb") as stream:
        # Teem ends a line at a carriage return, too, alone or before a line feed.
        lines = re.split(r"\r\n|\r|\n", stream.read(LONGEST_HEADER).decode("latin-1"))
    fields: dict[str, str] = {}
    for line in lines[1:]:
        if not line:
            break
        key, mark, value = line.partition(":")
        # Teem, which reads it, ends the whole process on some lines that are no field.
        named = value.startswith("=") or NRRD_FIELD.fullmatch(key)
        if len(line) > LONGEST_LINE or not ((mark and named) or line.startswith("#")):
            raise ValueError("no line of a NRRD header")
        if not line.startswith("#") and not value.startswith("="):
            fields[re.sub(r"\s", "", key).lower()] = value.strip()
    if "datafile" in fields:
        raise InputError(f"{path} keeps its voxels in another file; save it as one file.")
    for key in ("spacedirections", "spaceorigin"):
        _check_places(path, _numbers(fields.get(key, "")))
    sizes = [int(size) for size in fields.get("sizes", "").split()]
    kind, encoding = fields.get("type", "").lower(), fields.get("encoding", "").lower()
    if not encoding or kind not in NRRD_BYTES or int(fields.get("dimension", "0")) != len(sizes):
        raise ValueError("a NRRD header says its type, dimension, sizes and encoding")
    skipped = [int(fields.get(key, "0")) for key in ("byteskip", "lineskip")]
    if not -1 <= min(skipped) <= max(skipped) <= length:
        raise ValueError("skips more than there is")
    packed = encoding not in ("raw", "hex", "txt", "text", "ascii")
    # Written in letters, a voxel takes at least one.
    _check_claim(path, sizes, NRRD_BYTES[kind] if packed or encoding == "raw" else 1, length, packed)


def _check_meta(path: Path, length: int) -> None:
    with path.open("rb") as stream:
        head = stream.read(LONGEST_HEADER)
    fields: dict[str, str] = {}
    for line in head.decode("latin-1").split("\n"):
        key, mark, value = line.partition("=")
        if not mark:
            break
        fields[key.strip().lower()] = value.strip()
        if key.strip().lower() == "elementdatafile":
            break
    if fields.get("elementdatafile", "LOCAL").upper() != "LOCAL":
        raise InputError(f"{path} keeps its voxels in another file; save it as one file.")
    for key in ("transformmatrix", "offset", "elementspacing", "elementsize"):
        _check_places(path, _numbers(fields.get(key, "")))
    sizes = [int(size) for size in fields.get("dimsize", "").split()]
    channels = int(fields.get("elementnumberofchannels", "1"))
    packed = fields.get("compresseddata", "false").lower()[:1] in ("t", "1", "y")
    if not 0 <= int(fields.get("compresseddatasize", "0")) <= length or int(fields.get("headersize", "0")) != 0:
        raise ValueError("packed voxels of a wrong length")
    if len(sizes) != int(fields.get("ndims", "0")) or fields.get("binarydata", "true").lower()[:1] not in (
        "t",
        "1",
        "y",
    ):
        raise ValueError("not as many sizes as axes")
    _check_claim(path, [*sizes, channels], META_BYTES.get(fields.get("elementtype", ""), LARGEST_KIND), length, packed)
