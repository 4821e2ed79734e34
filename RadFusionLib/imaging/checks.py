"""What every image must be before anything is computed from it."""

from __future__ import annotations

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.errors import InputError

__all__ = ["check_geometry", "check_image"]

FINEST, LONGEST, FARTHEST = 1e-3, 1e4, 1e6
"""mm: least voxel, longest side and farthest place of an image. Beyond them, resampling would fill the memory."""


def check_geometry(volume: Volume, what: str) -> None:
    """Refuse axes that are not at right angles, and voxel sizes and places that no scan has.

    Raises
    ------
    InputError
        With ``what`` at the head of its sentence.
    """
    if not all(np.isfinite(s) and s > 0 for s in volume.geometry.spacing):
        raise InputError(f"{what} has a voxel size that is not positive; mend its header.")
    longest = max(n * s for n, s in zip(volume.geometry.size, volume.geometry.spacing, strict=True))
    if min(volume.geometry.spacing) < FINEST or longest > LONGEST:
        raise InputError(f"{what} has a voxel size that no scan has; mend its header.")
    if not np.isfinite(volume.geometry.origin).all() or np.abs(volume.geometry.origin).max() > FARTHEST:
        raise InputError(f"{what} lies nowhere near a scanner; mend the origin in its header.")
    if not volume.geometry.is_orthogonal():
        raise InputError(f"{what} has axes that are not at right angles; resample it to an orthogonal grid first.")


def check_image(volume: Volume, what: str) -> None:
    """Refuse what :func:`check_geometry` does, and voxels that are NaN or infinite."""
    check_geometry(volume, what)
    bad = int((~np.isfinite(volume.array)).sum())
    if bad:
        raise InputError(f"{what} has {bad} voxels that are NaN or infinite; export the image again without them.")
