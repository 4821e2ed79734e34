"""From each case's scores to figures with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student

__all__ = ["against_truth", "nothing_to_find"]

RESAMPLES = 2000
FREE = "no model: "

CaseScores = Mapping[str, Sequence[Mapping[str, float]]]


def against_truth(name: str, cases: Sequence[CaseScores]) -> dict[str, Any]:
    """Mean AUC of a map over the cases, over the best map without a model, and over the decoy.

    The best map without a model is the one with the highest mean over the same cases, either way up; it is chosen
    anew in every bootstrap sample of cases.
    """
    own = _column(cases, name, "auc")
    decoy = _column(cases, name, "over_decoy")
    free = {key: _column(cases, key, "auc") for key in cases[0] if key.startswith(FREE)}
    best = max(free, key=lambda key: _either_way(free[key]))

    def margin(rows: np.ndarray) -> float:
        return float(own[rows].mean() - max(_either_way(values[rows]) for values in free.values()))

    return {
        "auc": _bootstrapped(len(cases), lambda rows: float(own[rows].mean())),
        "best_without_model": {"name": best.removeprefix(FREE), "auc": _either_way(free[best])},
        "margin": _bootstrapped(len(cases), margin),
        "over_decoy": _bootstrapped(len(cases), lambda rows: float(decoy[rows].mean())),
        "auc_where_painted": float(np.nanmean(_column(cases, name, "where_painted"))),
        "by_case": {"auc": own.round(3).tolist(), "over_decoy": decoy.round(3).tolist()},
    }


def nothing_to_find(name: str, cases: Sequence[CaseScores]) -> dict[str, Any]:
    """Mean difference between causal patch and decoy over models, each the mean of its cases, with its t interval."""
    figures: dict[str, Any] = {"models": len(cases[0][name])}
    for key, label, zero in (("difference", "difference", 0.0), ("over_decoy", "over_decoy", 0.5)):
        by_model = np.mean([[scores[key] for scores in case[name]] for case in cases], axis=0)
        low, high = _t_interval(by_model)
        figures[label] = {"mean": float(by_model.mean()), "low": low, "high": high, "includes": low <= zero <= high}
    return figures


def _column(cases: Sequence[CaseScores], name: str, key: str) -> np.ndarray:
    return np.array([case[name][0][key] for case in cases])


def _either_way(values: np.ndarray) -> float:
    """The mean AUC of a map, upside down where that is better."""
    mean = float(values.mean())
    return max(mean, 1.0 - mean)


def _bootstrapped(count: int, statistic: Callable[[np.ndarray], float]) -> dict[str, float]:
    """The statistic of all cases, with its 95 % percentile interval over bootstrap samples of cases."""
    generator = np.random.default_rng(0)
    drawn = [statistic(generator.integers(0, count, count)) for _ in range(RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"mean": statistic(np.arange(count)), "low": float(low), "high": float(high)}


def _t_interval(values: np.ndarray) -> tuple[float, float]:
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    reach = float(student.ppf(0.975, len(values) - 1)) * error
    return float(values.mean() - reach), float(values.mean() + reach)
