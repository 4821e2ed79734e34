"""Open DICOM files of unknown origin: what is damaged becomes one sentence, and nothing of a header reaches a log."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from RadFusionLib.dicom.bounded_file import BoundedFile
from RadFusionLib.errors import InputError, RadFusionError

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["bytes_of_voxels", "is_dicom", "numbers", "read_header", "said", "understood"]

PREAMBLE = 128

READERS = ("pydicom", "highdicom")
UNDEFINED = 0xFFFFFFFF  # the length of what ends with a mark of its own
"""Loggers, whose level those below them take on."""


def is_dicom(path: str | Path) -> bool:
    """Whether a file begins as a DICOM file does; what is no file, such as a pipe or a device, is not opened."""
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as stream:
            return stream.read(PREAMBLE + 4)[PREAMBLE:] == b"DICM"
    except (OSError, ValueError):
        return False


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep the readers' loggers silent."""
    loggers = [logging.getLogger(name) for name in READERS]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def understood(path: str | Path, what: str = "a DICOM file") -> Iterator[None]:
    """Turn what a broken header makes a reader raise into one sentence without a word of the header.

    Readers warn of, and log, the values they stumble over, so that is kept back; and the sentence has no cause
    attached, since a printed cause would show them too.

    Raises
    ------
    InputError
        In place of whatever went wrong: readers raise nearly every kind of error on a header that says something
        impossible.
    """
    try:
        with warnings.catch_warnings(), _unlogged():
            warnings.simplefilter("ignore")
            yield
    except RadFusionError:
        raise
    except Exception:
        raise InputError(f"{path} is damaged or incomplete as {what}; export it again.") from None


def read_header(path: str | Path, tags: Sequence[str] | None = None, *, voxels: bool = False) -> Dataset:
    """Read a DICOM file's elements.

    Parameters
    ----------
    path : str or Path
        A file in DICOM's file format.
    tags : sequence of str, optional
        The keywords that are wanted; all of them without.
    voxels : bool
        Whether pixel data are read too.

    Raises
    ------
    InputError
        When the file is missing, no DICOM file, damaged, or deflated as a whole (which hides how large it is).
    """
    from pydicom import dcmread
    from pydicom.filereader import read_dataset, read_preamble
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} does not exist; correct the path.")
    if not is_dicom(path):
        raise InputError(f"{path} is not a DICOM file; name another.")
    with understood(path):
        try:
            # The file's own group first: a deflated data set would be inflated whole, however large it is.
            with BoundedFile(path) as stream:
                read_preamble(stream, force=False)
                meta = read_dataset(stream, False, True, stop_when=lambda tag, *_: tag >> 16 != 2)
            if str(meta.get("TransferSyntaxUID", "")) == DeflatedExplicitVRLittleEndian:
                raise InputError(f"{path} is deflated as a whole; export it uncompressed.")
            wanted = None if tags is None else list(tags)
            with BoundedFile(path) as stream:
                return dcmread(stream, stop_before_pixels=not voxels, specific_tags=wanted)
        except OSError:
            raise InputError(f"{path} cannot be read; check the file and its rights.") from None


def bytes_of_voxels(path: Path) -> int:
    """How many bytes of a DICOM file are left for its voxels; negative where an element claims more than there is.

    Raises
    ------
    InputError
        Where the voxels, or what follows them, claim more than there is: native readers would set memory aside for it.
    """
    from pydicom import dcmread
    from pydicom.filereader import read_dataset

    length = path.stat().st_size
    with understood(path), BoundedFile(path) as stream:
        header = dcmread(stream, stop_before_pixels=True, specific_tags=[])
        left = length - stream.tell()

        def checked(tag: int, kind: str | None, claimed: int) -> bool:
            if claimed not in (UNDEFINED, None) and stream.tell() + claimed > length:
                raise ValueError("an element beyond the end of the file")
            return False

        implicit, little = header.original_encoding
        read_dataset(stream, bool(implicit), bool(little), stop_when=checked, specific_tags=[])
        return left


def said(header: Dataset, keyword: str) -> str:
    """An element's value as text, or nothing where it is absent or empty."""
    value = header.get(keyword)
    return "" if value is None else str(value).strip()


def numbers(header: Dataset, keyword: str, count: int) -> tuple[float, ...]:
    """An element's ``count`` finite numbers, or nothing where it has others or none."""
    value = header.get(keyword)
    if value is None or isinstance(value, str | bytes):
        return ()
    try:
        found = tuple(float(entry) for entry in value) if hasattr(value, "__iter__") else (float(value),)
    except (TypeError, ValueError, OverflowError):
        return ()
    return found if len(found) == count and all(math.isfinite(entry) for entry in found) else ()
