"""Write a volume as NRRD or NIfTI, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import SimpleITK as sitk

from RadFusionLib.case import Volume

__all__ = ["write_volume"]


def write_volume(volume: Volume, path: str | Path) -> Path:
    """Write ``volume`` (compressed) under ``path``; an interrupted write leaves no file of that name."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = "".join(path.suffixes[-2:]) if path.name.endswith(".nii.gz") else path.suffix
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial{suffix}")
    try:
        sitk.WriteImage(volume.to_sitk(), str(partial), useCompression=True)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path
