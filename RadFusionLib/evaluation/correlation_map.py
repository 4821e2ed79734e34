"""How the features of a model go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from RadFusionLib.errors import InputError

__all__ = ["CorrelationMap", "correlation_map"]

FEWEST = 3
"""Cases below which a correlation says nothing."""


@dataclass(frozen=True, eq=False)
class CorrelationMap:
    """Spearman's correlations, like features side by side.

    Parameters
    ----------
    names : tuple of str
        Of the features, length p, in the order drawn.
    matrix : numpy.ndarray, shape (p, p)
        In [-1, 1].
    cases : int
        That were looked at.
    constant : tuple of str
        Features left out because they have one value only.
    left_out : int
        Further features, more than can be read in a map.
    """

    names: tuple[str, ...]
    matrix: np.ndarray
    cases: int
    constant: tuple[str, ...] = ()
    left_out: int = 0


def correlation_map(names: Sequence[str], values: np.ndarray) -> CorrelationMap:
    """Correlate features over cases.

    The order is that of the leaves of an average-linkage tree on ``1 - |correlation|``.

    Parameters
    ----------
    names : sequence of str
        Length p.
    values : numpy.ndarray, shape (n, p)
        None missing.

    Raises
    ------
    InputError
        When fewer than two features vary, or there are fewer than three cases.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < FEWEST:
        raise InputError(f"A correlation needs at least {FEWEST} cases; there are {len(values)}.")
    varies = np.ptp(values, axis=0) > 0
    kept = [name for name, there in zip(names, varies, strict=True) if there]
    if len(kept) < 2:
        raise InputError("Fewer than two features vary among the cases, so there is nothing to correlate.")
    matrix = np.clip(np.corrcoef(rankdata(values[:, varies], axis=0), rowvar=False), -1, 1)
    np.fill_diagonal(matrix, 1.0)
    distance = squareform(1 - np.abs(matrix), checks=False)
    order = leaves_list(linkage(distance, "average"))
    return CorrelationMap(
        tuple(kept[i] for i in order),
        matrix[np.ix_(order, order)],
        len(values),
        tuple(name for name, there in zip(names, varies, strict=True) if not there),
    )
