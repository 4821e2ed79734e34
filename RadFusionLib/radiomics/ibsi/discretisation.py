"""Grey levels by the IBSI's rules (reference manual, section 2.7)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.ibsi.settings import Discretisation
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["grey_levels", "occurring_levels"]


def grey_levels(values: FloatArray, rule: Discretisation, lower: float | None = None) -> npt.NDArray[np.int64]:
    """Give each value's grey level, from 1.

    Parameters
    ----------
    values : (n,) float64 array
        Intensities of the intensity mask.
    rule : Discretisation
        Bins.
    lower : float, optional
        Where the first bin of a fixed width starts: the lower end of the re-segmentation range. By default the
        lowest value.

    Raises
    ------
    InputError
        If no bins are asked for and the values are not whole numbers from 1.
    """
    lowest, highest = float(values.min()), float(values.max())
    if rule.count is not None:
        if highest == lowest:
            return np.ones(values.shape, dtype=np.int64)
        level = np.floor(rule.count * (values - lowest) / (highest - lowest)).astype(np.int64) + 1
        return np.minimum(level, rule.count)
    if rule.width is not None:
        start = lowest if lower is None else lower
        return np.floor((values - start) / rule.width).astype(np.int64) + 1
    levels = values.astype(np.int64)
    if lowest < 1 or not np.array_equal(levels, values):
        raise InputError("Without bins the intensities must be whole numbers from 1; give a width or a count of bins.")
    return levels


def occurring_levels(levels: npt.NDArray[np.int64]) -> GreyLevels:
    """Number the levels that occur, as the engine's kernels want them."""
    present, index, counts = np.unique(levels, return_inverse=True, return_counts=True)
    return GreyLevels(index.ravel().astype(np.int32), present.astype(np.float64), counts.astype(np.int64))
