"""Cox regression: univariate and multivariable tables, and whether the hazards are proportional."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.concordance import harrell_c
from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.evaluation.follow_up import FollowUp

__all__ = ["CoxModel", "CoxTable", "HazardRatio", "ProportionalHazards", "cox_table", "fit_cox"]

ENOUGH_EVENTS = 10
"""Events a coefficient below which a note is given (Peduzzi 1995)."""
LARGEST = 10.0
"""A log hazard ratio, or its error, beyond this a standard deviation means that the events are parted perfectly."""


@dataclass(frozen=True)
class HazardRatio:
    """One coefficient of a Cox model, with Wald's 95 % interval and test.

    Parameters
    ----------
    name : str
        The variable.
    ratio, low, high : float
        Hazard ratio a unit of the variable.
    coefficient, standard_error : float
        Of the log hazard ratio.
    p : float
        Two-sided, Wald.
    """

    name: str
    ratio: float
    low: float
    high: float
    coefficient: float
    standard_error: float
    p: float


@dataclass(frozen=True)
class ProportionalHazards:
    """Whether a variable's hazard ratio changes with time; a small p says that it does."""

    name: str
    statistic: float
    p: float


@dataclass(frozen=True)
class CoxModel:
    """A Cox model with Efron's handling of tied times.

    Parameters
    ----------
    terms : tuple of HazardRatio
        In the order of the columns given.
    cases, events : int
        What it was fitted to.
    log_likelihood : float
        Partial.
    likelihood_ratio, degrees, p : float, int, float
        Test against the model without any variable.
    concordance : Estimate
        Harrell's C of the model on the same cases.
    proportional : tuple of ProportionalHazards
        Grambsch and Therneau's test of each variable with Kaplan-Meier time.
    notes : tuple of str
        What a reader must know.
    """

    terms: tuple[HazardRatio, ...]
    cases: int
    events: int
    log_likelihood: float
    likelihood_ratio: float
    degrees: int
    p: float
    concordance: Estimate
    proportional: tuple[ProportionalHazards, ...]
    notes: tuple[str, ...]

    def term(self, name: str) -> HazardRatio:
        """The coefficient of a variable."""
        return next(term for term in self.terms if term.name == name)


@dataclass(frozen=True)
class CoxTable:
    """Each variable on its own, and those that pass together.

    Parameters
    ----------
    univariate : tuple of CoxModel
        One a variable that could be fitted.
    multivariable : CoxModel or None
        Of the variables with a univariate p below ``entry``; None when fewer than two pass.
    entry : float
        Level of entry.
    left_out : mapping of str to str
        Why a variable has no univariate model.
    """

    univariate: tuple[CoxModel, ...]
    multivariable: CoxModel | None
    entry: float
    left_out: Mapping[str, str]


def fit_cox(follow_up: FollowUp, columns: Mapping[str, np.ndarray], strata: np.ndarray | None = None) -> CoxModel:
    """Fit a Cox model.

    Parameters
    ----------
    follow_up : FollowUp
        Times and events.
    columns : mapping of str to numpy.ndarray, shape (n,) each
        The variables, finite; a category as 0 and 1.
    strata : numpy.ndarray, optional
        A label a case; each stratum has a baseline hazard of its own.

    Raises
    ------
    InputError
        When there is no event, a variable is constant, or the events are parted perfectly, so that no finite
        hazard ratio fits.
    """
    import pandas as pd
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    names = list(columns)
    values = np.column_stack([np.asarray(columns[name], dtype=float) for name in names])
    _check(follow_up, names, values)
    scale = values.std(axis=0)
    # Fitted on a common scale, so that a variable in thousands does not spoil the Newton steps.
    frame = pd.DataFrame(values / scale, columns=names)
    frame["__time"], frame["__event"] = follow_up.times, follow_up.events
    if strata is not None:
        frame["__stratum"] = np.asarray(strata)
    fitter = CoxPHFitter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitter.fit(
                frame, "__time", "__event", strata=["__stratum"] if strata is not None else None,
                fit_options={"precision": 1e-10},
            )  # fmt: skip
    except ConvergenceError as error:
        raise InputError(_inseparable(names)) from error
    coefficients, errors = fitter.params_.to_numpy(), fitter.standard_errors_.to_numpy()
    if not np.isfinite([coefficients, errors]).all() or max(np.abs(coefficients).max(), errors.max()) > LARGEST:
        raise InputError(_inseparable(names))
    ratio = 2 * (fitter.log_likelihood_ - _null_likelihood(fitter))
    return CoxModel(
        terms=tuple(
            _term(name, c / s, e / s) for name, c, e, s in zip(names, coefficients, errors, scale, strict=True)
        ),
        cases=len(follow_up),
        events=follow_up.count,
        log_likelihood=float(fitter.log_likelihood_),
        likelihood_ratio=float(ratio),
        degrees=len(names),
        p=float(chi2.sf(ratio, len(names))),
        concordance=harrell_c(follow_up, (values / scale) @ coefficients),
        proportional=_proportional(fitter, frame, names),
        notes=_notes(follow_up, names),
    )


def cox_table(follow_up: FollowUp, columns: Mapping[str, np.ndarray], entry: float = 0.05) -> CoxTable:
    """Fit each variable on its own, then together those with a p below ``entry``.

    A variable that cannot be fitted is left out with its reason, so that one bad column does not cost the table.

    Parameters
    ----------
    follow_up : FollowUp
        Times and events.
    columns : mapping of str to numpy.ndarray, shape (n,) each
        The variables, finite.
    entry : float
        Level of the univariate Wald test.
    """
    single: list[CoxModel] = []
    left_out: dict[str, str] = {}
    for name, values in columns.items():
        try:
            single.append(fit_cox(follow_up, {name: values}))
        except InputError as error:
            left_out[name] = str(error)
    chosen = [model.terms[0].name for model in single if model.terms[0].p < entry]
    together = None
    if len(chosen) > 1:
        try:
            together = fit_cox(follow_up, {name: columns[name] for name in chosen})
        except InputError as error:
            left_out["the multivariable model"] = str(error)
    return CoxTable(tuple(single), together, entry, left_out)


def _check(follow_up: FollowUp, names: Sequence[str], values: np.ndarray) -> None:
    if not follow_up.count:
        raise InputError("No case had the event, so no hazard ratio can be estimated.")
    for name, column in zip(names, values.T, strict=True):
        if not np.isfinite(column).all():
            raise InputError(f"{name} is missing for some cases; leave those out before the Cox model.")
        if np.ptp(column) == 0:
            raise InputError(f"{name} is the same for all cases, so it has no hazard ratio.")


def _inseparable(names: Sequence[str]) -> str:
    return (
        f"The Cox model of {', '.join(names)} has no finite hazard ratio: the events are parted perfectly or two "
        "variables say the same; more events or fewer variables are needed."
    )


def _term(name: str, coefficient: float, error: float) -> HazardRatio:
    from scipy.stats import norm

    reach = norm.ppf(0.975) * error
    return HazardRatio(
        name=name,
        ratio=float(np.exp(coefficient)),
        low=float(np.exp(coefficient - reach)),
        high=float(np.exp(coefficient + reach)),
        coefficient=float(coefficient),
        standard_error=float(error),
        p=float(2 * norm.sf(abs(coefficient / error))),
    )


def _null_likelihood(fitter: Any) -> float:
    return float(fitter.log_likelihood_ - fitter.log_likelihood_ratio_test().test_statistic / 2)


def _proportional(fitter: Any, frame: Any, names: Sequence[str]) -> tuple[ProportionalHazards, ...]:
    from lifelines.statistics import proportional_hazard_test

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = proportional_hazard_test(fitter, frame, time_transform="km").summary
    except (ValueError, np.linalg.LinAlgError):
        return ()
    return tuple(
        ProportionalHazards(name, float(found.loc[name, "test_statistic"]), float(found.loc[name, "p"]))
        for name in names
    )


def _notes(follow_up: FollowUp, names: Sequence[str]) -> tuple[str, ...]:
    each = follow_up.count / len(names)
    if each >= ENOUGH_EVENTS:
        return ()
    return (
        f"Only {each:.1f} events a variable ({follow_up.count} events, {len(names)} variables): below "
        f"{ENOUGH_EVENTS}, hazard ratios are unstable and too large on average.",
    )
