"""The peritumoral shell: what lies within a margin of the tumour, and outside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from RadFusionLib.case import Volume
from RadFusionLib.errors import InputError

__all__ = ["Shell", "peritumoral_shell"]

TIE_MM = 1e-6
"""Distances that equal the margin but for rounding count as within it."""


@dataclass(frozen=True)
class Shell:
    """A peritumoral shell and what was cut from it.

    Parameters
    ----------
    mask : Volume
        The shell, ``bool``, on the tumour's grid.
    clipped_fraction : float
        Share in [0, 1] of the unclipped shell's voxels that the liver mask or other lesions removed.
    touches_edge : bool
        Whether the tumour or its unclipped shell reaches the edge of the image, beyond which it cannot be known.
    """

    mask: Volume
    clipped_fraction: float
    touches_edge: bool


def peritumoral_shell(
    tumor: Volume, margin: float = 10.0, liver: Volume | None = None, other: Volume | None = None
) -> Shell:
    """Return the voxels outside the tumour whose Euclidean distance to it is at most ``margin``.

    The distance is between voxel centres, in mm, exact for any spacing (and so for any orientation, since
    the axes are at right angles). Intersected with the liver where one is given; voxels of other lesions
    are left out.

    Parameters
    ----------
    tumor : Volume
        ``bool``, shape (K, J, I), not empty.
    margin : float
        mm, positive.
    liver, other : Volume, optional
        ``bool`` on the same grid: where the shell may lie, and where it must not.

    Raises
    ------
    InputError
        When the tumour is empty, the margin not positive, or nothing of the shell is left.
    """
    if not tumor.array.any():
        raise InputError("The tumor mask is empty; draw the tumour first.")
    if not (math.isfinite(margin) and margin > 0):
        raise InputError(f"The shell's margin is {margin} mm; give a positive number.")
    for mask in (liver, other):
        if mask is not None and not mask.geometry.same_grid(tumor.geometry):
            raise ValueError("The liver and other lesions must be on the tumour's grid; see mask_on_grid.")
    spacing = tumor.geometry.spacing[::-1]
    reach = [math.ceil(margin / s) + 1 for s in spacing]
    box = tuple(
        slice(max(0, int(where.min()) - r), min(n, int(where.max()) + r + 1))
        for where, r, n in zip(np.nonzero(tumor.array), reach, tumor.array.shape, strict=True)
    )
    inside = tumor.array[box]
    distance = distance_transform_edt(~inside, sampling=spacing)
    whole = (distance <= margin + TIE_MM) & ~inside
    kept = whole.copy()
    if liver is not None:
        kept &= liver.array[box]
    if other is not None:
        kept &= ~other.array[box]
    if not kept.any():
        raise InputError("No voxel of the peritumoral shell is left; check the liver mask and the margin.")
    shell = np.zeros(tumor.array.shape, dtype=bool)
    shell[box] = kept
    clipped = 1.0 - float(kept.sum()) / float(whole.sum())
    return Shell(tumor.with_array(shell), clipped, _touches_edge(whole | inside, box, shell.shape))


def _touches_edge(mask: np.ndarray, box: tuple[slice, ...], shape: tuple[int, ...]) -> bool:
    for axis, (part, n) in enumerate(zip(box, shape, strict=True)):
        faces = np.moveaxis(mask, axis, 0)
        if (part.start == 0 and faces[0].any()) or (part.stop == n and faces[-1].any()):
            return True
    return False
