"""Write a volume as NRRD or NIfTI, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import SimpleITK as sitk

from RadFusionLib.case import Volume
from RadFusionLib.errors import InputError

__all__ = ["WRITABLE", "check_writable", "write_volume"]

WRITABLE = (".nrrd", ".nii", ".nii.gz", ".mha")
"""What an image's name may end in."""


def check_writable(path: str | Path) -> None:
    """Refuse a name that no volume can be written under, before any work is done.

    Raises
    ------
    InputError
        When the name's ending is unknown, or a folder has the name.
    """
    if not Path(path).name.lower().endswith(WRITABLE):
        raise InputError(f"{path} does not end in {', '.join(WRITABLE)}; name an image file.")
    if Path(path).is_dir():
        raise InputError(f"{path} is a folder; name an image file to write.")


def write_volume(volume: Volume, path: str | Path) -> Path:
    """Write ``volume`` (compressed) under ``path``; an interrupted write leaves no file of that name.

    Raises
    ------
    InputError
        When the name's ending is unknown, or the file cannot be written.
    """
    path = Path(path)
    check_writable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = "".join(path.suffixes[-2:]) if path.name.endswith(".nii.gz") else path.suffix
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial{suffix}")
    try:
        sitk.WriteImage(volume.to_sitk(), str(partial), useCompression=True)
        os.replace(partial, path)
    except RuntimeError as error:
        raise InputError(f"{path} cannot be written; check the folder's rights and the space left.") from error
    finally:
        partial.unlink(missing_ok=True)
    return path
