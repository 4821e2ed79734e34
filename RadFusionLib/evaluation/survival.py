"""Kaplan-Meier curves with medians and intervals, and the log-rank test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.evaluation.follow_up import FollowUp

__all__ = ["KaplanMeier", "LogRank", "kaplan_meier", "log_rank", "median_follow_up"]

LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class KaplanMeier:
    """Share still free of the event, as a step function.

    Parameters
    ----------
    times : numpy.ndarray of float, shape (m,)
        Months at which something happened, from 0 up.
    at_risk : numpy.ndarray of int, shape (m,)
        Cases still followed just before each time.
    events, censored : numpy.ndarray of int, shape (m,)
        Events and last visits at each time.
    survival, low, high : numpy.ndarray of float, shape (m,)
        The share from each time on, and its 95 % interval.
    cases, count : int
        Cases and events.
    median, median_low, median_high : float
        Months by which half had the event; infinite when that was not reached.
    """

    times: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    censored: np.ndarray
    survival: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cases: int
    count: int
    median: float
    median_low: float
    median_high: float

    def quantile(self, share: float) -> float:
        """Months by which ``share`` of the cases had the event; infinite when that was not reached."""
        return _crossing(self.times, self.survival, 1 - share)

    def at(self, month: float) -> Estimate:
        """Share free of the event at a month; NaN beyond the last time followed."""
        if month > self.times[-1]:
            return Estimate(float("nan"), float("nan"), float("nan"), LEVEL, "not followed so long")
        place = int(np.searchsorted(self.times, month, side="right")) - 1
        value, low, high = (float(curve[place]) for curve in (self.survival, self.low, self.high))
        return Estimate(value, low, high, LEVEL, "Kaplan-Meier, Greenwood")

    def still_followed(self, month: float) -> int:
        """Cases followed to ``month`` or beyond without an event before it."""
        later = self.times >= month
        return int(self.at_risk[later][0]) if later.any() else 0


@dataclass(frozen=True)
class LogRank:
    """Whether groups have the same survival."""

    statistic: float
    degrees: int
    p: float


def kaplan_meier(follow_up: FollowUp, interval: str = "log-log") -> KaplanMeier:
    """Estimate a survival curve.

    Parameters
    ----------
    follow_up : FollowUp
        At least one case.
    interval : {'log-log', 'log'}
        The scale on which Greenwood's variance makes the 95 % interval: the complementary log-log, which stays
        within [0, 1] and is nearer its level in small groups (Borgan and Liestoel 1990), or the logarithm, which
        R's ``survfit`` takes by default.

    Raises
    ------
    ValueError
        When there is no case, or the interval is unknown.
    """
    from lifelines import KaplanMeierFitter

    if not len(follow_up):
        raise ValueError("A survival curve needs at least one case.")
    fitter = KaplanMeierFitter().fit(follow_up.times, follow_up.events)
    table = fitter.event_table
    survival = fitter.survival_function_.to_numpy()[:, 0]
    at_risk, events = table["at_risk"].to_numpy(dtype=int), table["observed"].to_numpy(dtype=int)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(events / (at_risk * (at_risk - events).astype(float)))
        error, logarithm = np.sqrt(greenwood), np.log(survival)
        reach = norm.ppf((1 + LEVEL) / 2) * error
        if interval == "log-log":
            power = reach / np.abs(logarithm)
            low, high = survival ** np.exp(power), survival ** np.exp(-power)
        elif interval == "log":
            low, high = np.exp(logarithm - reach), np.minimum(np.exp(logarithm + reach), 1.0)
        else:
            raise ValueError(f"There is no interval {interval!r}; use log-log or log.")
    none_yet = survival == 1
    low, high = np.where(none_yet, 1.0, low), np.where(none_yet, 1.0, high)
    times = table.index.to_numpy(dtype=float)
    return KaplanMeier(
        times=times,
        at_risk=at_risk,
        events=events,
        censored=table["censored"].to_numpy(dtype=int),
        survival=survival,
        low=low,
        high=high,
        cases=len(follow_up),
        count=follow_up.count,
        median=_crossing(times, survival, 0.5),
        median_low=_crossing(times, low, 0.5),
        median_high=_crossing(times, high, 0.5),
    )


def median_follow_up(follow_up: FollowUp) -> float:
    """Median time followed, by the reverse Kaplan-Meier method (Schemper and Smith 1996); infinite if not reached."""
    return kaplan_meier(FollowUp(follow_up.times, ~follow_up.events)).median


def log_rank(follow_up: FollowUp, groups: np.ndarray) -> LogRank:
    """Compare the survival of two or more groups.

    Parameters
    ----------
    follow_up : FollowUp
        All cases.
    groups : numpy.ndarray, shape (n,)
        A label a case.

    Raises
    ------
    ValueError
        When there are fewer than two groups.
    """
    from lifelines.statistics import multivariate_logrank_test

    groups = np.asarray(groups)
    number = np.unique(groups).size
    if number < 2:
        raise ValueError("A log-rank test needs at least two groups.")
    found = multivariate_logrank_test(follow_up.times, groups, follow_up.events)
    return LogRank(float(found.test_statistic), number - 1, float(found.p_value))


def _crossing(times: np.ndarray, curve: np.ndarray, level: float) -> float:
    # A last step to 0 has no variance, so that its interval is NaN and never crosses.
    below = np.flatnonzero(curve <= level + 1e-12)
    return float(times[below[0]]) if below.size else float("inf")
