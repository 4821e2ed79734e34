"""How many cases a model needs to be developed and to be tested: the criteria of Riley and colleagues."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

__all__ = [
    "Criterion",
    "SampleSize",
    "binary_development",
    "binary_validation",
    "cox_snell_of_auc",
    "largest_cox_snell",
    "largest_survival_cox_snell",
    "survival_development",
]

POINTS = 4001
REACH = 8.0
"""Standard deviations of the normal scores that the integrals cover."""


@dataclass(frozen=True)
class Criterion:
    """One criterion and the cases it asks for."""

    name: str
    cases: int


@dataclass(frozen=True)
class SampleSize:
    """What the criteria ask for, and what is there.

    Parameters
    ----------
    criteria : tuple of Criterion
        Each with its own number of cases.
    cases : int
        The largest of them.
    events : float
        Expected among that many.
    events_a_parameter : float
        Events expected a candidate parameter; NaN where parameters play no part.
    """

    criteria: tuple[Criterion, ...]
    cases: int
    events: float
    events_a_parameter: float


def binary_development(parameters: int, prevalence: float, cox_snell: float, shrinkage: float = 0.9) -> SampleSize:
    """Cases to develop a model of a yes/no outcome (Riley 2019, Statistics in Medicine 38:1276).

    Parameters
    ----------
    parameters : int
        Candidate parameters, before any selection.
    prevalence : float
        Expected share with the outcome, in (0, 1).
    cox_snell : float
        Cox and Snell's R squared to be expected, without optimism.
    shrinkage : float
        Aimed at; 0.9 means that effects are too large by at most 10 %.

    Raises
    ------
    ValueError
        When the R squared is not between 0 and the largest possible at this prevalence.
    """
    largest = largest_cox_snell(prevalence)
    if not 0 < cox_snell < min(largest, shrinkage):
        raise ValueError(f"R squared must lie between 0 and {min(largest, shrinkage):.3f}, not at {cox_snell:.3f}.")
    small_gap = cox_snell / (cox_snell + 0.05 * largest)
    criteria = (
        Criterion("effects too large by at most 10 %", _for_shrinkage(parameters, cox_snell, shrinkage)),
        Criterion("R squared too large by at most 0.05", _for_shrinkage(parameters, cox_snell, small_gap)),
        Criterion("mean risk known to 0.05", math.ceil((1.96 / 0.05) ** 2 * prevalence * (1 - prevalence))),
    )
    cases = max(criterion.cases for criterion in criteria)
    return SampleSize(criteria, cases, cases * prevalence, cases * prevalence / parameters)


def binary_validation(
    prevalence: float,
    auc: float,
    linear_predictor: np.ndarray,
    *,
    ratio_width: float = 0.2,
    slope_width: float = 0.2,
    auc_width: float = 0.1,
) -> SampleSize:
    """Cases to test a model of a yes/no outcome (Riley 2021, Statistics in Medicine 40:4230).

    Parameters
    ----------
    prevalence : float
        Expected share with the outcome, in (0, 1).
    auc : float
        Expected, in (0.5, 1).
    linear_predictor : numpy.ndarray, shape (m,)
        Log-odds that the model gives, such as those of the cases at hand; the model is taken to be calibrated.
    ratio_width, slope_width, auc_width : float
        Widths of the 95 % intervals of observed over expected events, calibration slope and AUC.
    """
    ratio_error = brentq(lambda e: math.exp(1.96 * e) - math.exp(-1.96 * e) - ratio_width, 1e-6, 5.0)
    risk = expit(np.asarray(linear_predictor, dtype=float))
    weight = risk * (1 - risk)
    a, b, c = weight.mean(), (weight * linear_predictor).mean(), (weight * linear_predictor**2).mean()
    slope_error = slope_width / (2 * 1.96)
    criteria = (
        Criterion(
            f"observed over expected within {ratio_width:g}",
            math.ceil((1 - prevalence) / (prevalence * ratio_error**2)),
        ),
        Criterion(f"calibration slope within {slope_width:g}", math.ceil(a / (slope_error**2 * (a * c - b**2)))),
        Criterion(f"AUC within {auc_width:g}", _for_auc(prevalence, auc, auc_width)),
    )
    cases = max(criterion.cases for criterion in criteria)
    return SampleSize(criteria, cases, cases * prevalence, float("nan"))


def survival_development(
    parameters: int, rate: float, follow_up: float, cox_snell: float, time: float, shrinkage: float = 0.9
) -> SampleSize:
    """Cases to develop a model of a time to an event (Riley 2019, Statistics in Medicine 38:1276).

    Parameters
    ----------
    parameters : int
        Candidate parameters, before any selection.
    rate : float
        Events a unit of time and patient, above 0.
    follow_up : float
        Mean, in the same unit of time.
    cox_snell : float
        Cox and Snell's R squared to be expected, without optimism.
    time : float
        When the overall risk must be known to 0.05, in the same unit.
    shrinkage : float
        Aimed at; 0.9 means that effects are too large by at most 10 %.

    Raises
    ------
    ValueError
        When the R squared is not between 0 and the largest possible.
    """
    largest = largest_survival_cox_snell(rate, follow_up)
    if not 0 < cox_snell < min(largest, shrinkage):
        raise ValueError(f"R squared must lie between 0 and {min(largest, shrinkage):.3f}, not at {cox_snell:.3f}.")
    small_gap = cox_snell / (cox_snell + 0.05 * largest)

    def reach(cases: int) -> float:
        half = 1.96 * math.sqrt(rate / (follow_up * cases))
        risk = 1 - math.exp(-rate * time)
        return max(1 - math.exp(-(rate + half) * time) - risk, risk - 1 + math.exp(-max(rate - half, 0.0) * time))

    known = 1
    while reach(known) > 0.05:
        known += 1
    criteria = (
        Criterion("effects too large by at most 10 %", _for_shrinkage(parameters, cox_snell, shrinkage)),
        Criterion("R squared too large by at most 0.05", _for_shrinkage(parameters, cox_snell, small_gap)),
        Criterion(f"risk at {time:g} months known to 0.05", known),
    )
    cases = max(criterion.cases for criterion in criteria)
    events = cases * rate * follow_up
    return SampleSize(criteria, cases, events, events / parameters)


def largest_survival_cox_snell(rate: float, follow_up: float) -> float:
    """The largest R squared of Cox and Snell for so many events a unit of time and so long a mean follow-up."""
    events = rate * follow_up
    return 1 - math.exp(2 * events * (math.log(events) - 1))


def cox_snell_of_auc(auc: float, prevalence: float) -> float:
    """Cox and Snell's R squared that goes with an AUC.

    After Riley, Van Calster and Collins 2021 (Statistics in Medicine 40:859): the scores of cases with and without
    the outcome are taken to be normal with the same spread; the R squared is that of the logistic regression of the
    outcome on the score, here by integration instead of a large simulation.

    Parameters
    ----------
    auc, prevalence : float
        In (0.5, 1) and (0, 1).
    """
    if not 0.5 < auc < 1:
        raise ValueError(f"An AUC must lie between 0.5 and 1, not at {auc:g}.")
    gap = math.sqrt(2) * norm.ppf(auc)
    score = np.linspace(-REACH, REACH + gap, POINTS)
    positive, negative = prevalence * norm.pdf(score, gap, 1), (1 - prevalence) * norm.pdf(score)
    # For two normal groups of equal spread, the logistic model is exact.
    logit = gap * score - gap**2 / 2 + math.log(prevalence / (1 - prevalence))
    step = score[1] - score[0]
    fitted = float(np.sum(-positive * np.logaddexp(0, -logit) - negative * np.logaddexp(0, logit)) * step)
    return 1 - math.exp(-2 * (fitted - _null(prevalence)))


def largest_cox_snell(prevalence: float) -> float:
    """The largest R squared of Cox and Snell that a prevalence allows."""
    return 1 - math.exp(2 * _null(prevalence))


def _null(prevalence: float) -> float:
    """Log likelihood a case of the model that gives everybody the prevalence."""
    return prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)


def _for_shrinkage(parameters: int, cox_snell: float, shrinkage: float) -> int:
    return math.ceil(parameters / ((shrinkage - 1) * math.log(1 - cox_snell / shrinkage)))


def _for_auc(prevalence: float, auc: float, width: float) -> int:
    """By the standard error of Newcombe (2006), which needs no distribution."""
    cases = 10
    factor = (1 - auc) / (2 - auc) + auc / (1 + auc)

    def error(n: int) -> float:
        inside = auc * (1 - auc) * (1 + (n / 2 - 1) * factor) / (n**2 * prevalence * (1 - prevalence))
        return math.sqrt(inside)

    while 2 * 1.96 * error(cases) > width:
        cases += 1
    return cases
