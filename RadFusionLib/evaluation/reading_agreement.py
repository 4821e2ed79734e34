"""What another contour changes: overlap, risk, group and features between two readings of the same cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.intraclass import ICC, intraclass_correlation, intraclass_correlations
from RadFusionLib.evaluation.kappa import Kappa, cohen_kappa

__all__ = ["ReadingAgreement", "reading_agreement"]

REPRODUCIBLE = 0.75
"""ICC from which a feature is called reproducible (Koo and Li 2016)."""


@dataclass(frozen=True)
class ReadingAgreement:
    """The first reader's contours against other ones.

    Parameters
    ----------
    reading : str
        The other contours, as in the manifest's columns: ``2``, or ``1.2`` for reader 1's second reading.
    cases : int
        Drawn in both.
    dice : tuple of float
        Overlap of the tumour, a value a case.
    largest_change : float
        The largest difference between the two risks of a case.
    risk : ICC or None
        ICC(2,1) of the risk.
    group : Kappa or None
        Of low against high risk.
    features : mapping of str to float
        ICC(2,1) of every feature that the risk depends on and a contour can change; NaN without variance.
    notes : tuple of str
        What could not be measured, and why.
    """

    reading: str
    cases: int
    dice: tuple[float, ...]
    largest_change: float
    risk: ICC | None
    group: Kappa | None
    features: Mapping[str, float]
    notes: tuple[str, ...]

    @property
    def reproducible(self) -> int:
        """Features with an ICC of at least 0.75."""
        return sum(value >= REPRODUCIBLE for value in self.features.values())


def reading_agreement(
    reading: str,
    risks: np.ndarray,
    threshold: float,
    names: Sequence[str],
    features: np.ndarray,
    dice: Sequence[float],
) -> ReadingAgreement:
    """Compare two readings.

    Parameters
    ----------
    reading : str
        Name of the second.
    risks : numpy.ndarray, shape (n, 2)
        By first and second reading.
    threshold : float
        Where the risk groups part.
    names : sequence of str, length p
        Of the features.
    features : numpy.ndarray, shape (n, 2, p)
        By first and second reading.
    dice : sequence of float, length n
        Overlap of the two contours.
    """
    notes: list[str] = []
    icc: ICC | None = None
    kappa: Kappa | None = None
    values: dict[str, float] = {}
    try:
        icc = intraclass_correlation(risks)
        values = {n: float(v) for n, v in zip(names, intraclass_correlations(features), strict=True)}
    except InputError as error:
        notes.append(f"ICC: {error}")
    try:
        high = np.where(risks >= threshold, "high", "low")
        kappa = cohen_kappa(high[:, 0].tolist(), high[:, 1].tolist(), categories=("low", "high"))
    except InputError as error:
        notes.append(f"Kappa of the risk group: {error}")
    return ReadingAgreement(
        reading=reading,
        cases=len(risks),
        dice=tuple(float(value) for value in dice),
        largest_change=float(np.abs(risks[:, 0] - risks[:, 1]).max()),
        risk=icc,
        group=kappa,
        features=values,
        notes=tuple(notes),
    )
