"""Whether a risk of 30 % means 3 in 10: slope, intercept and curve.

After Van Calster et al., BMC Medicine 2019;17:230, and Steyerberg, Clinical Prediction Models, 2nd edition, ch. 15.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit
from scipy.stats import norm

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.bootstrap import patient_samples
from RadFusionLib.evaluation.checks import check_level, check_outcome, check_risk
from RadFusionLib.evaluation.estimate import Estimate, exact_proportion

__all__ = ["Calibration", "CalibrationCurve", "calibration", "calibration_curve"]

EDGE = 1e-6
"""Risks nearer than this to 0 or 1 are taken as this far away, so that their log-odds are finite."""


@dataclass(frozen=True)
class Calibration:
    """Numbers of calibration, each with a Wald interval (the ratio: exact).

    Attributes
    ----------
    slope : Estimate
        Of the outcome's log-odds on the risk's; 1 is right, below 1 the risks are too extreme.
    intercept : Estimate
        Of that same model: where its line crosses a risk of 50 %.
    in_the_large : Estimate
        Intercept with the slope held at 1; 0 is right, above 0 the risks are too low on average.
    observed_to_expected : Estimate
        Outcomes divided by the sum of risks; 1 is right.
    clipped : int
        Risks of (nearly) 0 or 1 that were moved inwards.
    """

    slope: Estimate
    intercept: Estimate
    in_the_large: Estimate
    observed_to_expected: Estimate
    clipped: int


@dataclass(frozen=True)
class CalibrationCurve:
    """Observed share with the outcome along the risk.

    Attributes
    ----------
    risk : numpy.ndarray, shape (k,)
        Grid over the range of the risks.
    observed : numpy.ndarray, shape (k,)
        Smoothed share with the outcome (locally weighted regression).
    low, high : numpy.ndarray, shape (k,)
        Pointwise percentile band over bootstrap samples of patients. A band of these predictions, not a correction
        for optimism, which risks from held-out cases do not need.
    level : float
        Confidence level of the band.
    resamples : int
        Bootstrap samples.
    group_risk : numpy.ndarray, shape (g,)
        Mean risk of each group of equal counts.
    group_observed : tuple of Estimate
        Share with the outcome in each group, with its exact interval.
    """

    risk: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float
    resamples: int
    group_risk: np.ndarray
    group_observed: tuple[Estimate, ...]


def calibration(outcome: ArrayLike, risk: ArrayLike, level: float = 0.95) -> Calibration:
    """Slope, intercept, calibration in the large and observed to expected.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        0 or 1.
    risk : array-like, shape (n,)
        In [0, 1], of cases that it was not fitted on.
    level : float
        Confidence level.

    Raises
    ------
    InputError
        When the risk is constant, or separates the classes so that no slope exists.
    """
    check_level(level)
    positive = check_outcome(outcome)
    risks = check_risk(positive, risk)
    inside = np.clip(risks, EDGE, 1 - EDGE)
    odds = logit(inside)
    if np.ptp(odds) == 0:
        raise InputError(f"The risk is {risks[0]:g} for every case; a calibration slope needs risks that differ.")
    if odds[positive].min() >= odds[~positive].max() or odds[positive].max() <= odds[~positive].min():
        raise InputError("The risk separates the two classes completely; no calibration slope exists.")

    import statsmodels.api as sm

    design = sm.add_constant(odds)
    # Risks near 0 and 1 overflow on the way, without harm.
    with np.errstate(over="ignore"):
        line = sm.Logit(positive.astype(float), design).fit(disp=0)
        large = sm.GLM(positive.astype(float), design[:, :1], family=sm.families.Binomial(), offset=odds).fit()
    z = float(norm.isf((1 - level) / 2))

    def wald(value: float, error: float) -> Estimate:
        return Estimate(float(value), float(value - z * error), float(value + z * error), level, "Wald")

    share, expected = exact_proportion(int(positive.sum()), positive.size, level), float(risks.mean())
    if expected == 0:
        raise InputError("Every risk is zero; observed to expected is not defined.")
    ratio = Estimate(
        share.value / expected, share.low / expected, share.high / expected, level, "exact, risks taken as fixed"
    )
    return Calibration(
        wald(line.params[1], line.bse[1]),
        wald(line.params[0], line.bse[0]),
        wald(large.params[0], large.bse[0]),
        ratio,
        int((inside != risks).sum()),
    )


def calibration_curve(
    outcome: ArrayLike,
    risk: ArrayLike,
    patients: ArrayLike | None = None,
    resamples: int = 1000,
    groups: int = 10,
    points: int = 101,
    span: float = 0.75,
    level: float = 0.95,
    seed: int = 0,
) -> CalibrationCurve:
    """Smooth calibration curve with a bootstrap band, and the grouped points beneath it.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        0 or 1.
    risk : array-like, shape (n,)
        In [0, 1].
    patients : array-like, shape (n,), optional
        Whom each row belongs to; by default every row is a patient.
    resamples : int
        Bootstrap samples, at least 20.
    groups : int
        Groups of equal counts; fewer where there are not four cases a group.
    points : int
        Of the grid, at least 2.
    span : float
        Share of the cases in each local regression, in (0, 1].
    level : float
        Confidence level of the band and of the grouped points.
    seed : int
        Of the bootstrap.
    """
    check_level(level)
    positive = check_outcome(outcome)
    risks = check_risk(positive, risk)
    if np.ptp(risks) == 0:
        raise InputError(f"The risk is {risks[0]:g} for every case; a calibration curve needs risks that differ.")
    if resamples < 20 or points < 2 or not 0 < span <= 1 or groups < 1:
        raise InputError("A calibration curve needs 20 samples, 2 points, a group, and a span above 0 and at most 1.")
    grid = np.linspace(risks.min(), risks.max(), points)
    names = np.arange(risks.size) if patients is None else np.asarray(patients)
    # The share with the outcome is part of what a calibration curve estimates, so it must vary between samples.
    samples = patient_samples(names, positive, resamples, seed, stratified=False)
    drawn = np.array([_smooth(positive[rows], risks[rows], grid, span) for rows in samples])
    with warnings.catch_warnings():
        # A point of the grid beyond every sample stays unknown, which is what it should be.
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    members = np.array_split(np.argsort(risks, kind="stable"), max(1, min(groups, risks.size // 4)))
    return CalibrationCurve(
        grid,
        _smooth(positive, risks, grid, span),
        low,
        high,
        level,
        resamples,
        np.array([risks[rows].mean() for rows in members]),
        tuple(exact_proportion(int(positive[rows].sum()), len(rows), level) for rows in members),
    )


def _smooth(positive: np.ndarray, risks: np.ndarray, grid: np.ndarray, span: float) -> np.ndarray:
    from statsmodels.nonparametric.smoothers_lowess import lowess

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        curve = lowess(positive.astype(float), risks, frac=span, it=0, xvals=grid)
    # Where so many cases share one risk that no line can be drawn, their share is the curve.
    for point in np.flatnonzero(np.isnan(curve)):
        away = np.abs(risks - grid[point])
        curve[point] = positive[away == away.min()].mean()
    # Beyond its cases a sample says nothing about the curve.
    curve = np.where((grid >= risks.min()) & (grid <= risks.max()), curve, np.nan)
    return np.clip(curve, 0.0, 1.0)
