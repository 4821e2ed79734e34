"""Univariate and multivariable logistic regression, the table of a clinical paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_outcome
from RadFusionLib.evaluation.design import Design, design
from RadFusionLib.evaluation.logistic import Interval, LogisticModel, fit_logistic, maximum_log_likelihood

__all__ = ["BackwardStep", "LogisticTable", "backward_aic", "logistic_table", "variables_below"]


@dataclass(frozen=True)
class BackwardStep:
    """One round of backward elimination.

    Attributes
    ----------
    dropped : str
        The variable that left; empty for the model it began with.
    aic : float
        After it left.
    variables : tuple of str
        What is still in.
    """

    dropped: str
    aic: float
    variables: tuple[str, ...]


@dataclass(frozen=True)
class LogisticTable:
    """Each variable alone, those that entered together, and those that stayed.

    Attributes
    ----------
    univariate : dict of str to LogisticModel
        By variable.
    entered : tuple of str
        Variables whose univariate p lies below ``entry``.
    entry : float
        That p.
    steps : tuple of BackwardStep
        Of backward elimination; empty where none was asked for.
    multivariable : LogisticModel or None
        None when no variable entered or stayed.
    left_out : dict of str to str
        Variables that could not be fitted, and why.
    """

    univariate: Mapping[str, LogisticModel]
    entered: tuple[str, ...]
    entry: float
    steps: tuple[BackwardStep, ...]
    multivariable: LogisticModel | None
    left_out: Mapping[str, str]


def variables_below(p: Mapping[str, float], threshold: float) -> tuple[str, ...]:
    """Variables whose p-value lies below a threshold, in their given order."""
    return tuple(name for name, value in p.items() if value < threshold)


def logistic_table(
    outcome: ArrayLike,
    variables: Mapping[str, ArrayLike],
    entry: float = 0.05,
    backward: bool = False,
    interval: Interval = "profile",
    level: float = 0.95,
    references: Mapping[str, Any] | None = None,
) -> LogisticTable:
    """Fit each variable alone, then those below ``entry`` together, with backward elimination by AIC if asked.

    Each univariate model uses the cases that have its variable; the multivariable one those that have all that
    entered.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        0 or 1; of training cases where the result is to choose variables.
    variables : mapping of str to array-like of shape (n,)
        As for :func:`~RadFusionLib.evaluation.design.design`.
    entry : float
        Largest univariate p, in (0, 1]; the omnibus p for a category of more than two levels.
    backward : bool
        Whether variables leave again while that lowers AIC.
    interval, level, references
        As for :func:`~RadFusionLib.evaluation.logistic.fit_logistic`.
    """
    if not 0 < entry <= 1:
        raise InputError(f"A threshold of p < {entry:g} lets nothing in; give one above 0 and at most 1.")
    if not variables:
        raise InputError("There is no variable to put into a regression; name at least one.")
    positive = check_outcome(outcome)
    known = dict(references or {})
    single: dict[str, LogisticModel] = {}
    left_out: dict[str, str] = {}
    for name, values in variables.items():
        try:
            single[name] = fit_logistic(positive, design({name: values}, _of(known, [name])), interval, level)
        except InputError as error:
            left_out[name] = str(error)
    entered = variables_below({name: _p(model) for name, model in single.items()}, entry)
    if not entered:
        return LogisticTable(single, (), entry, (), None, left_out)
    coded = design({name: variables[name] for name in entered}, _of(known, entered))
    steps = backward_aic(positive, coded) if backward else ()
    kept = steps[-1].variables if steps else entered
    together = None
    if kept:
        # Elimination compared models on these cases; the table is of the same.
        chosen = design({name: variables[name] for name in kept}, _of(known, kept))
        together = fit_logistic(positive, _restricted(chosen, coded), interval, level)
    return LogisticTable(single, entered, entry, steps, together, left_out)


def backward_aic(outcome: ArrayLike, coded: Design) -> tuple[BackwardStep, ...]:
    """Drop variables one at a time while that lowers Akaike's criterion, as R's ``step`` does.

    A category leaves with all its levels. All models are fitted to the cases that have every variable. Under
    separation the likelihood's limit counts, as it does in R.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        0 or 1.
    coded : Design
        The variables to begin with.

    Returns
    -------
    tuple of BackwardStep
        The first is the whole model, the last the one to keep.
    """
    positive = check_outcome(outcome)
    if positive.size != coded.complete.size:
        raise InputError(f"There are {positive.size} outcomes for {coded.complete.size} cases; give one per case.")
    complete = positive[coded.complete]

    def aic(names: Sequence[str]) -> float:
        matrix = coded.matrix(names)[0][coded.complete]
        return 2 * (matrix.shape[1] + 1) - 2 * maximum_log_likelihood(complete, matrix)

    current = tuple(coded.of_variable)
    steps = [BackwardStep("", aic(current), current)]
    while current:
        tried = {name: tuple(other for other in current if other != name) for name in current}
        found = {name: aic(rest) for name, rest in tried.items()}
        best = min(found, key=lambda name: found[name])
        if found[best] >= steps[-1].aic:
            break
        current = tried[best]
        steps.append(BackwardStep(best, found[best], current))
    return tuple(steps)


def _of(references: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: level for name, level in references.items() if name in names}


def _restricted(chosen: Design, whole: Design) -> Design:
    return Design(chosen.columns, chosen.of_variable, chosen.references, whole.missing, whole.complete)


def _p(model: LogisticModel) -> float:
    return model.terms[0].p if len(model.terms) == 1 else model.p if np.isfinite(model.p) else 1.0
