"""The whole-number confusion matrix behind a row of printed rates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.confusion import RATES, ConfusionMatrix

__all__ = ["implied_class_sizes", "implied_matrices"]


def implied_matrices(
    printed: Mapping[str, float], positives: int, negatives: int, tolerance: float
) -> list[ConfusionMatrix]:
    """Every confusion matrix of the given class sizes that gives all printed rates.

    None means that the row cannot have come from one matrix.

    Parameters
    ----------
    printed : mapping of str to float
        Rates in [0, 1] by their names in :data:`~RadFusionLib.evaluation.confusion.RATES`.
    positives, negatives : int
        Class sizes, each at least 1.
    tolerance : float
        Largest distance from a printed rate: half a unit of its last digit for rounding, one unit where truncation
        or double rounding is to be allowed.
    """
    unknown = sorted(set(printed) - set(RATES))
    if unknown or not printed:
        raise InputError(f"The rates {unknown or 'of the row'} are unknown; name at least one of {', '.join(RATES)}.")
    if min(positives, negatives) < 1:
        raise InputError(
            f"{positives} positive and {negatives} negative cases are no classes; give at least one of each."
        )
    tp, tn = np.meshgrid(np.arange(positives + 1), np.arange(negatives + 1), indexing="ij")
    fn, fp = positives - tp, negatives - tn
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = {
            "accuracy": (tp + tn) / (positives + negatives),
            "sensitivity": tp / positives,
            "specificity": tn / negatives,
            "ppv": tp / (tp + fp),
            "npv": tn / (tn + fn),
            "f1": 2 * tp / (2 * tp + fp + fn),
            "fnr": fn / positives,
            "fpr": fp / negatives,
        }
        # The last digits of a double must not decide about a printed number that lies on the edge.
        fits = np.all([np.abs(rates[name] - value) <= tolerance + 1e-12 for name, value in printed.items()], axis=0)
    return [
        ConfusionMatrix(int(found), positives - int(found), int(spared), negatives - int(spared))
        for found, spared in np.argwhere(fits)
    ]


def implied_class_sizes(rows: list[Mapping[str, float]], cases: int, tolerance: float) -> list[tuple[int, int]]:
    """Every split of ``cases`` into positives and negatives under which all printed rows are possible.

    Parameters
    ----------
    rows : list of mapping
        Rows of one table, all of the same cases, as for :func:`implied_matrices`.
    cases : int
        Their number.
    tolerance : float
        As for :func:`implied_matrices`.
    """
    return [
        (positives, cases - positives)
        for positives in range(1, cases)
        if all(implied_matrices(row, positives, cases - positives, tolerance) for row in rows)
    ]
