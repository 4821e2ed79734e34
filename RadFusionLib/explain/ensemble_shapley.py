"""Shapley values of an ensemble: what each feature adds to the log-odds of a risk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from RadFusionLib.explain.labels import is_group
from RadFusionLib.explain.model_parts import Input, model_parts
from RadFusionLib.explain.shapley import shapley_values
from RadFusionLib.fusion.ensemble import Ensemble
from RadFusionLib.fusion.table import FeatureTable

__all__ = ["EnsembleShapley", "ensemble_shapley"]


@dataclass(frozen=True, eq=False)
class EnsembleShapley:
    """What adds up to the calibrated log-odds of several cases.

    Parameters
    ----------
    names : tuple of str
        The inputs, p of them: features, or what a network or a group of deep features says.
    values : numpy.ndarray, shape (n, p)
        What each adds.
    base : float
        Mean log-odds of the background; with a case's values it adds up to the case's log-odds.
    output : numpy.ndarray, shape (n,)
        The ensemble's own log-odds.
    data : numpy.ndarray, shape (n, p)
        The inputs themselves: a feature as it is, a network's mean probability over the members; NaN for a group.
    standard_error : numpy.ndarray, shape (n, p)
        Of sampled orders; 0 where a value is exact.
    """

    names: tuple[str, ...]
    values: np.ndarray
    base: float
    output: np.ndarray
    data: np.ndarray
    standard_error: np.ndarray

    @cached_property
    def exact(self) -> bool:
        """Whether nothing was sampled."""
        return not self.standard_error.any()

    @property
    def residual(self) -> float:
        """Largest distance between a case's log-odds and what its values add up to."""
        return float(np.abs(self.base + self.values.sum(axis=1) - self.output).max(initial=0.0))


def ensemble_shapley(ensemble: Ensemble, table: FeatureTable, background: FeatureTable) -> EnsembleShapley:
    """Work out the interventional Shapley values of the ensemble's log-odds.

    The ensemble's log-odds are the calibrated mean of the members' scores, and Shapley values add up over members and
    over the parts of a stack, so each is worked out by itself, exactly wherever its form allows.

    Parameters
    ----------
    ensemble : Ensemble
        Of any recipe.
    table : FeatureTable
        The cases, n of them, with the images that trained networks need.
    background : FeatureTable
        To compare with, as :func:`~RadFusionLib.explain.background.made_up_cases` gives them; a trained network is
        compared with its mean over the training cases.
    """
    share = ensemble.calibration.slope / len(ensemble.members)
    count = len(table.cases)
    values: dict[str, np.ndarray] = {}
    variance: dict[str, np.ndarray] = {}
    said: dict[str, list[np.ndarray]] = {}
    base = ensemble.calibration.intercept
    for member in ensemble.members:
        model = model_parts(member.scores[member.final], member.final)
        own = _columns([one.values(table) for one in model.inputs], count)
        other = _columns([one.background(background) for one in model.inputs], len(background.cases))
        found = shapley_values([part.scaled(share) for part in model.score], own, other)
        base += found.base
        for number, one in enumerate(model.inputs):
            values[one.name] = values.get(one.name, np.zeros(count)) + found.values[:, number]
            variance[one.name] = variance.get(one.name, np.zeros(count)) + found.standard_error[:, number] ** 2
            said.setdefault(one.name, []).append(_shown(one, table, own[:, number]))
    names = tuple(values)
    return EnsembleShapley(
        names=names,
        values=_columns(list(values.values()), count),
        base=base,
        output=ensemble.logit(table),
        data=_columns([np.mean(said[name], axis=0) for name in names], count),
        standard_error=np.sqrt(_columns(list(variance.values()), count)),
    )


def _columns(columns: list[np.ndarray], rows: int) -> np.ndarray:
    return np.column_stack(columns) if columns else np.empty((rows, 0))


def _shown(one: Input, table: FeatureTable, own: np.ndarray) -> np.ndarray:
    """An input as a reader knows it: the feature as measured; a sum of many features has no unit."""
    if one.name in table.position:
        return table.columns([one.name])[:, 0]
    return np.full(len(own), np.nan) if is_group(one.name) else own
