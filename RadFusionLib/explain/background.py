"""What a case is compared with: made-up cases that are spread as the training cases were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from RadFusionLib.fusion.table import FeatureTable

__all__ = ["MADE_UP", "made_up_cases"]

MADE_UP = 64
"""Made-up cases."""


def made_up_cases(
    names: Sequence[str], levels: Sequence[float], quantiles: Mapping[str, Sequence[float]], count: int = MADE_UP
) -> FeatureTable:
    """Draw cases from the quantiles of the training cases, each feature by itself (a Latin hypercube).

    A bundle holds no training case, and need not for this: Shapley values here take the features outside a coalition
    independently of the case's own, so that little is lost by taking them independently of each other. Each feature's
    values are its quantiles at the middles of ``count`` equal steps, in an order drawn anew for each feature.

    Parameters
    ----------
    names : sequence of str
        Features.
    levels : sequence of float
        Of the quantiles, in [0, 1], rising.
    quantiles : mapping of str to sequence of float
        By feature, one value a level.
    count : int
        Cases to make up.

    Returns
    -------
    FeatureTable
        Of ``count`` cases without images, from no scanner; the same for the same names and quantiles.
    """
    middles = (np.arange(count) + 0.5) / count
    columns = [np.interp(middles, levels, quantiles[name]) for name in names]
    values = np.column_stack(columns) if columns else np.empty((count, 0))
    values = np.random.default_rng(0).permuted(values, axis=0)
    return FeatureTable(tuple(f"made-up-{n}" for n in range(count)), tuple(names), values, ("",) * count)
