"""Decision curves: what acting on a risk is worth (Vickers and Elkin, Medical Decision Making 2006;26:565-574)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_outcome, check_risk

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DecisionCurve", "decision_curve", "survival_decision_curve"]

THRESHOLDS = np.arange(0.01, 1.0, 0.01)
RESERVED = ("all", "none", "outcome", "time")


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit along threshold probabilities, per case.

    ``TP / n - FP / n * pt / (1 - pt)``, a case being treated when its risk reaches the threshold ``pt``.

    Attributes
    ----------
    thresholds : numpy.ndarray, shape (k,)
        In [0, 1).
    net_benefit : dict of str to numpy.ndarray, each of shape (k,)
        By model; NaN where a survival curve cannot be estimated among the treated.
    treat_all, treat_none : numpy.ndarray, shape (k,)
        Net benefit of treating everybody, and of treating nobody (0).
    prevalence : float
        Share, or Kaplan-Meier estimate of the share, with the outcome.
    """

    thresholds: np.ndarray
    net_benefit: Mapping[str, np.ndarray]
    treat_all: np.ndarray
    treat_none: np.ndarray
    prevalence: float

    def useful(self, model: str) -> np.ndarray:
        """Thresholds at which a model is worth more than treating all and than treating none, shape (m,)."""
        best = np.maximum(self.treat_all, self.treat_none)
        return self.thresholds[self.net_benefit[model] > best]


def decision_curve(
    outcome: ArrayLike,
    risks: Mapping[str, ArrayLike],
    thresholds: ArrayLike = THRESHOLDS,
    prevalence: float | None = None,
) -> DecisionCurve:
    """Decision curves of models for a binary outcome.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        0 or 1.
    risks : mapping of str to array-like of shape (n,)
        Probabilities by model.
    thresholds : array-like, shape (k,)
        Threshold probabilities in [0, 1).
    prevalence : float, optional
        Of the population, in (0, 1), where cases and controls were collected apart.
    """
    positive = check_outcome(outcome)
    if prevalence is not None and not 0 < prevalence < 1:
        raise InputError(f"A prevalence of {prevalence:g} is not possible; give one between 0 and 1.")
    frame = _frame(positive, risks)
    return _curve(frame, list(risks), thresholds, prevalence=prevalence)


def survival_decision_curve(
    time: ArrayLike,
    event: ArrayLike,
    risks: Mapping[str, ArrayLike],
    horizon: float,
    thresholds: ArrayLike = THRESHOLDS,
) -> DecisionCurve:
    """Decision curves of models for an event before a horizon, censored times by Kaplan and Meier.

    Parameters
    ----------
    time, event : array-like, shape (n,)
        Follow-up (positive, in the unit of ``horizon``), and 1 where it ended with the event.
    risks : mapping of str to array-like of shape (n,)
        Probabilities of the event before the horizon, by model.
    horizon : float
        Time of interest, not beyond the last follow-up.
    thresholds : array-like, shape (k,)
        Threshold probabilities in [0, 1).
    """
    happened = check_outcome(event, "event")
    times = np.asarray(time, dtype=float)
    if times.shape != happened.shape or not (times > 0).all():
        raise InputError("Every case needs a follow-up time above zero for a decision curve.")
    if not 0 < horizon <= times.max():
        raise InputError(f"A horizon of {horizon:g} lies outside the follow-up, which ends at {times.max():g}.")
    frame = _frame(happened, risks).assign(time=times)
    return _curve(frame, list(risks), thresholds, time=horizon, time_to_outcome_col="time")


def _frame(positive: np.ndarray, risks: Mapping[str, ArrayLike]) -> pd.DataFrame:
    import pandas as pd

    taken = sorted(set(risks) & set(RESERVED))
    if taken or not risks:
        raise InputError(f"A decision curve needs at least one model, not called {' or '.join(taken or RESERVED)}.")
    columns = {name: check_risk(positive, risk, f"risk of {name}") for name, risk in risks.items()}
    return pd.DataFrame({"outcome": positive.astype(int), **columns})


def _curve(frame: pd.DataFrame, models: list[str], thresholds: ArrayLike, **options: Any) -> DecisionCurve:
    from dcurves import dca

    points = np.asarray(thresholds, dtype=float)
    if points.ndim != 1 or points.size == 0 or not ((points >= 0) & (points < 1)).all():
        raise InputError("Threshold probabilities must be at least 0 and below 1.")
    found = dca(data=frame, outcome="outcome", modelnames=models, thresholds=points, **options)
    # A case-control table has no prevalence of its own; dcurves repeats the one it used in every row.
    benefit = {name: part["net_benefit"].to_numpy(float) for name, part in found.groupby("model", sort=False)}
    return DecisionCurve(
        points,
        {name: benefit[name] for name in models},
        benefit["all"],
        benefit["none"],
        float(found["prevalence"].iloc[0]),
    )
