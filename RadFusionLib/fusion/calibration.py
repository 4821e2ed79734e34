"""From a score to a probability by a logistic curve (Platt, Advances in Large Margin Classifiers, 1999)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

__all__ = ["PlattCalibration"]

EXPECTED = 0.7
"""Spread of the slope's prior, log-odds a standard deviation of the score: one spread is an AUC of about 0.68."""
SLOPES = np.linspace(0.0, 8.0, 401)
STEPS = 30
"""Newton steps for the intercept, at most."""


@dataclass(frozen=True)
class PlattCalibration:
    """``probability = 1 / (1 + exp(-(slope * score + intercept)))``."""

    slope: float
    intercept: float

    @classmethod
    def fit(cls, score: np.ndarray, outcome: np.ndarray) -> PlattCalibration:
        """Take the mean of the slope's posterior, given that it is not negative; above zero, however few the cases.

        The likeliest slope of few cases is often exactly zero, even where the score is of use, and would give
        everybody the prevalence. The posterior keeps what a wide half-normal prior and the outcomes leave possible.
        With many cases it is the slope of maximum likelihood. The intercept is profiled.

        Parameters
        ----------
        score, outcome : numpy.ndarray, shape (n,)
            Scores of cases that had no part in fitting what gave them, and their outcomes (0 or 1).
        """
        score, y = np.asarray(score, dtype=float), np.asarray(outcome, dtype=float)
        width, centre = float(np.std(score)), float(np.mean(score))
        x = (score - centre) / width if width else np.zeros_like(score)
        # By half a case of each class away from 0 and 1.
        prevalence = (y.sum() + 0.5) / (y.size + 1)
        intercepts, log_likelihood, information = _profiled(x, y, prevalence)
        # Laplace's integral over the intercept, times the prior of the slope.
        weight = log_likelihood - 0.5 * np.log(information) - 0.5 * (SLOPES / EXPECTED) ** 2
        weight = np.exp(weight - weight.max())
        weight /= weight.sum()
        # Where all scores are the same there is nothing to learn a slope from.
        slope = float(weight @ SLOPES) / width if width else 0.0
        return cls(slope, float(weight @ intercepts) - slope * centre)

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


def _profiled(x: np.ndarray, y: np.ndarray, prevalence: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each slope the likeliest intercept, its log-likelihood and the information on the intercept.

    One case of the prevalence is added in the middle, which bounds the intercept.
    """
    linear = SLOPES[:, None] * np.append(x, 0.0)
    target = np.append(y, prevalence)
    intercept = np.full(SLOPES.size, np.log(prevalence / (1 - prevalence)))
    for _ in range(STEPS):
        risk = expit(linear + intercept[:, None])
        step = (target - risk).sum(axis=1) / (risk * (1 - risk)).sum(axis=1)
        # A Newton step from far off may overshoot.
        intercept = intercept + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            break
    logit = linear + intercept[:, None]
    risk = expit(logit)
    log_likelihood = (target * logit - np.logaddexp(0.0, logit)).sum(axis=1)
    return intercept, log_likelihood, (risk * (1 - risk)).sum(axis=1)
