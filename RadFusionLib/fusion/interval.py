"""An interval for the risk that the same recipe would give after training on far more patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from RadFusionLib.fusion.calibration import PlattCalibration
from RadFusionLib.fusion.member import Member
from RadFusionLib.fusion.table import FeatureTable

__all__ = ["HalfSampleInterval"]


@dataclass(frozen=True)
class HalfSampleInterval:
    """Spread of the log-odds between members fitted on opposite halves of the training cases.

    The training cases are split in two at random, several times; the whole recipe is fitted on each half and
    calibrated on the other. Two such members of a pair know none of the same patients, so half of their squared
    difference estimates the variance of a fit on n/2 patients. Were the error of a fit on all n nothing but
    variance that falls as 1/n, a quarter of the squared difference would be its square. It is not: selection
    learns more slowly than that, and the calibration of few patients shrinks every risk towards the prevalence.
    The whole squared difference is used, twice that standard error; what it covers is measured in the studies.

    Parameters
    ----------
    pairs : tuple of ((Member, PlattCalibration), (Member, PlattCalibration))
        The members of each split.
    level : float
        Coverage, in (0, 1).
    """

    pairs: tuple[tuple[tuple[Member, PlattCalibration], tuple[Member, PlattCalibration]], ...]
    level: float = 0.90

    def standard_error(self, table: FeatureTable) -> np.ndarray:
        """Standard error of the ensemble's log-odds for each case, shape (n,)."""
        squares = []
        for (first, by_first), (second, by_second) in self.pairs:
            gap = by_first.logit(first.score(table)) - by_second.logit(second.score(table))
            squares.append(gap**2)
        return np.sqrt(np.mean(squares, axis=0))

    def bounds(self, logit: np.ndarray, table: FeatureTable) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper log-odds around ``logit``, each of shape (n,)."""
        reach = norm.ppf((1 + self.level) / 2) * self.standard_error(table)
        return logit - reach, logit + reach
