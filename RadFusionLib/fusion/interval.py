"""An interval for the risk that the same recipe would give after training on far more patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from RadFusionLib.fusion.calibration import PlattCalibration
from RadFusionLib.fusion.member import Member
from RadFusionLib.fusion.table import FeatureTable

__all__ = ["HalfSampleInterval"]


@dataclass(frozen=True, eq=False)
class HalfSampleInterval:
    """What members fitted on opposite halves of the training cases disagree about.

    The training cases are split in two at random, several times, and the whole recipe is fitted on each half. Each
    training case is then scored by the members that never saw it, and their mean is calibrated on the outcomes. The
    squared standard error of the ensemble's log-odds is half the mean squared difference between the members of a pair,
    which know none of the same patients, on that calibration's scale (the variance of one member of half the patients),
    and the variance of the calibration. It is more than the variance of a mean of members, on purpose: what a larger
    training would find is not in the mean of the small ones. What the interval covers is measured in the studies.

    Parameters
    ----------
    pairs : tuple of (Member, Member)
        Fitted on opposite halves.
    calibration : PlattCalibration
        Of the mean score of the members that did not see a case.
    covariance : numpy.ndarray, shape (2, 2)
        Of the calibration's slope and intercept.
    level : float
        Nominal coverage, in (0, 1).
    """

    pairs: tuple[tuple[Member, Member], ...]
    calibration: PlattCalibration
    covariance: np.ndarray
    level: float = 0.90

    @classmethod
    def fit(
        cls,
        pairs: Sequence[tuple[Member, Member]],
        first_halves: Sequence[np.ndarray],
        table: FeatureTable,
        outcome: np.ndarray,
        level: float,
    ) -> HalfSampleInterval:
        """Calibrate members that were fitted on opposite halves.

        Parameters
        ----------
        pairs : sequence of (Member, Member)
            The first of each was fitted on its first half, the second on the others.
        first_halves : sequence of numpy.ndarray of bool, shape (n,)
            Of the training cases.
        table : FeatureTable
            The training cases.
        outcome : numpy.ndarray, shape (n,)
            0 or 1.
        level : float
            Nominal coverage.
        """
        unseen = np.empty((len(pairs), len(outcome)))
        for row, (first, second), half in zip(unseen, pairs, first_halves, strict=True):
            row[~half] = first.score(table.rows(~half))
            row[half] = second.score(table.rows(half))
        score = unseen.mean(axis=0)
        calibration = PlattCalibration.fit(score, outcome)
        return cls(tuple(pairs), calibration, calibration.covariance(score), level)

    def standard_error(self, table: FeatureTable) -> np.ndarray:
        """Standard error of the ensemble's log-odds for each case, shape (n,)."""
        scores = np.array([[member.score(table) for member in pair] for pair in self.pairs])
        mean = scores.mean(axis=(0, 1))
        member = self.calibration.slope**2 * np.mean((scores[:, 0] - scores[:, 1]) ** 2, axis=0) / 2
        design = np.column_stack([mean, np.ones(len(mean))])
        calibrating = np.einsum("ni,ij,nj->n", design, self.covariance, design)
        return np.sqrt(member + calibrating)

    def bounds(self, logit: np.ndarray, table: FeatureTable) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper log-odds around ``logit``, each of shape (n,)."""
        reach = norm.ppf((1 + self.level) / 2) * self.standard_error(table)
        return logit - reach, logit + reach
