"""Overlap of two contours (Dice, Ecology 1945;26:297-302)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.errors import InputError

__all__ = ["dice"]


def dice(first: ArrayLike, second: ArrayLike) -> float:
    """Dice coefficient of two masks on one grid, in [0, 1].

    Parameters
    ----------
    first, second : array-like of one shape (KJI)
        Non-zero inside.

    Raises
    ------
    InputError
        When the shapes differ, or both masks are empty.
    """
    one, other = np.asarray(first) != 0, np.asarray(second) != 0
    if one.shape != other.shape:
        raise InputError(f"The masks have shapes {one.shape} and {other.shape}; resample them to one grid first.")
    total = int(one.sum()) + int(other.sum())
    if total == 0:
        raise InputError("Both masks are empty; there is no overlap to measure.")
    return 2 * int((one & other).sum()) / total
