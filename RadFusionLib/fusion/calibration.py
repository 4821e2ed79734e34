"""From a score to a probability (Platt, Advances in Large Margin Classifiers, 1999)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

__all__ = ["PlattCalibration"]


@dataclass(frozen=True)
class PlattCalibration:
    """``probability = 1 / (1 + exp(-(slope * score + intercept)))``."""

    slope: float
    intercept: float

    @classmethod
    def fit(cls, score: np.ndarray, outcome: np.ndarray) -> PlattCalibration:
        """Fit by maximum likelihood to Platt's smoothed targets; the slope is not negative.

        Parameters
        ----------
        score, outcome : numpy.ndarray, shape (n,)
            Scores of cases that had no part in fitting what gave them, and their outcomes (0 or 1).
        """
        outcome = np.asarray(outcome, dtype=float)
        positives, negatives = outcome.sum(), (1 - outcome).sum()
        target = np.where(outcome > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
        width = float(np.std(score)) or 1.0
        x = np.asarray(score, dtype=float) / width

        def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            logit = parameters[0] * x + parameters[1]
            residual = expit(logit) - target
            value = np.logaddexp(0.0, logit) - target * logit
            return float(value.sum()), np.array([residual @ x, residual.sum()])

        start = np.array([1.0, np.log((positives + 1) / (negatives + 1))])
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None), (None, None)])
        return cls(float(found.x[0]) / width, float(found.x[1]))

    def logit(self, score: np.ndarray) -> np.ndarray:
        """Calibrated log-odds of each score, shape (n,)."""
        return self.slope * np.asarray(score, dtype=float) + self.intercept

    def probability(self, score: np.ndarray) -> np.ndarray:
        """Calibrated probability of each score, shape (n,)."""
        return expit(self.logit(score))

    def covariance(self, score: np.ndarray) -> np.ndarray:
        """Covariance of slope and intercept as fitted to these scores, shape (2, 2), by the Fisher information."""
        probability = self.probability(score)
        design = np.column_stack([np.asarray(score, dtype=float), np.ones(len(probability))])
        information = (design * (probability * (1 - probability))[:, None]).T @ design
        return np.linalg.pinv(information)
