"""The small numbers of a table: shares, and means over folds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.errors import InputError

__all__ = ["FoldSummary", "fold_summary", "percentage"]


@dataclass(frozen=True)
class FoldSummary:
    """A measure over folds: mean and standard deviation (n - 1) of ``folds`` values, in the measure's own unit."""

    mean: float
    deviation: float
    folds: int


def percentage(part: int, whole: int) -> float:
    """``part`` of ``whole`` in percent; an :class:`InputError` unless ``0 <= part <= whole`` and ``whole > 0``."""
    if not (whole > 0 and 0 <= part <= whole):
        raise InputError(f"{part} of {whole} has no percentage; the part lies between 0 and a whole above zero.")
    return 100 * part / whole


def fold_summary(values: ArrayLike) -> FoldSummary:
    """Mean and standard deviation of a measure over folds, shape (k,), two folds at least and none missing."""
    numbers = np.asarray(values, dtype=float)
    if numbers.ndim != 1 or numbers.size < 2 or not np.isfinite(numbers).all():
        raise InputError("Mean and standard deviation need the measure of two folds at least, none missing.")
    return FoldSummary(float(numbers.mean()), float(numbers.std(ddof=1)), numbers.size)
