"""A logistic regression as a statistician's table wants it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from scipy.stats import chi2, norm

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_level, check_outcome
from RadFusionLib.evaluation.design import Design, design
from RadFusionLib.evaluation.firth import fit_firth
from RadFusionLib.evaluation.profile_likelihood import profile_limits, r_confint_limits
from RadFusionLib.evaluation.separation import separating_direction

__all__ = ["Interval", "LogisticModel", "OddsRatio", "fit_logistic", "maximum_log_likelihood"]

Interval = Literal["wald", "profile", "r-confint"]
Penalty = Literal["when-separated", "none", "firth"]

ENOUGH_EVENTS = 10.0
"""Cases of the rarer class a coefficient, below which a note is made (Peduzzi 1996)."""


@dataclass(frozen=True)
class OddsRatio:
    """One coefficient.

    Attributes
    ----------
    name : str
        The column.
    ratio, low, high : float
        Odds ratio a unit, and its interval.
    coefficient, standard_error : float
        On the scale of log-odds.
    statistic : float
        Wald's chi-square, or the penalised likelihood ratio's under Firth.
    p : float
        Of that statistic.
    """

    name: str
    ratio: float
    low: float
    high: float
    coefficient: float
    standard_error: float
    statistic: float
    p: float


@dataclass(frozen=True)
class LogisticModel:
    """A fitted regression, with an intercept.

    Attributes
    ----------
    terms : tuple of OddsRatio
        In the order of the columns.
    intercept : float
        On the scale of log-odds.
    cases, events, left_out : int
        Cases used, those with the outcome, and those without a value of some variable.
    log_likelihood : float
        Penalised under Firth.
    likelihood_ratio, p : float
        Omnibus chi-square against the intercept alone, and its p.
    degrees_of_freedom : int
        Of the omnibus test.
    aic : float
        ``2 k - 2 log L``; NaN under Firth, whose likelihoods are not comparable between models.
    events_per_coefficient : float
        Cases of the rarer class for each coefficient but the intercept.
    method, interval : str
        How it was fitted, and how the intervals were made.
    level : float
        Confidence level.
    notes : tuple of str
        What a reader must know: separation, few events, cases left out.
    """

    terms: tuple[OddsRatio, ...]
    intercept: float
    cases: int
    events: int
    left_out: int
    log_likelihood: float
    likelihood_ratio: float
    degrees_of_freedom: int
    p: float
    aic: float
    events_per_coefficient: float
    method: str
    interval: str
    level: float
    notes: tuple[str, ...]

    def __getitem__(self, name: str) -> OddsRatio:
        for term in self.terms:
            if term.name == name:
                return term
        raise KeyError(name)

    def probability(self, columns: Mapping[str, ArrayLike]) -> np.ndarray:
        """Probability of the outcome of each case, shape (n,), from the model's columns by name."""
        odds = sum(term.coefficient * np.asarray(columns[term.name], dtype=float) for term in self.terms)
        return np.asarray(expit(self.intercept + odds))


def fit_logistic(
    outcome: ArrayLike,
    variables: Mapping[str, ArrayLike] | Design,
    interval: Interval = "profile",
    level: float = 0.95,
    penalty: Penalty = "when-separated",
    references: Mapping[str, Any] | None = None,
) -> LogisticModel:
    """Fit a logistic regression with an intercept to the complete cases.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        0 or 1.
    variables : mapping of str to array-like of shape (n,), or Design
        As for :func:`~RadFusionLib.evaluation.design.design`.
    interval : str
        ``wald`` (SPSS), ``profile`` (exact), or ``r-confint`` (profile as R's spline has it). Firth's regression has
        profile intervals of its penalised likelihood whatever is asked.
    level : float
        Confidence level.
    penalty : str
        Firth's: only when the data are separated, with a note; never, separation being an error; or always.
    references : mapping of str to level, optional
        Reference levels of categories.

    Raises
    ------
    InputError
        When columns depend on each other, too few complete cases remain, or the data are separated and the penalty
        was declined.
    """
    check_level(level)
    for value, choices in (
        (interval, ("wald", "profile", "r-confint")),
        (penalty, ("when-separated", "none", "firth")),
    ):
        if value not in choices:
            raise InputError(f"{value!r} is none of {', '.join(choices)}; choose one of these.")
    coded = variables if isinstance(variables, Design) else design(variables, references)
    everyone = check_outcome(outcome)
    whole, names = coded.matrix()
    if len(whole) != everyone.size:
        raise InputError(f"There are {everyone.size} outcomes for {len(whole)} cases; give one per case.")
    positive = check_outcome(everyone[coded.complete], "outcome of the complete cases")
    matrix, centre, scale = _standardised(whole[coded.complete], names)
    notes = list(_missing_notes(coded))
    rarer = min(int(positive.sum()), int((~positive).sum()))
    if rarer / len(names) < ENOUGH_EVENTS:
        notes.append(
            f"{rarer} cases of the rarer class for {len(names)} coefficients: fewer than {ENOUGH_EVENTS:g} each."
        )
    direction = separating_direction(matrix, positive)
    if direction is not None:
        infinite = [name for name, part in zip(names, direction[1:], strict=True) if part] or list(names)
        found = f"{' and '.join(infinite)} separate{'s' if len(infinite) == 1 else ''} the outcome"
        if penalty == "none":
            raise InputError(f"{found}, so no finite odds ratio exists; allow Firth's penalty.")
        notes.append(f"{found}: odds ratios are Firth's, since the usual ones are infinite.")
    firth = penalty == "firth" or direction is not None
    engine = _Penalised(matrix, positive) if firth else _Likelihood(matrix, positive)
    terms = tuple(
        _term(engine, index + 1, name, float(scale[index]), interval, level) for index, name in enumerate(names)
    )
    ratio = 2 * max(engine.best - engine.null, 0.0)
    return LogisticModel(
        terms,
        float(engine.coefficients[0] - sum(t.coefficient * c for t, c in zip(terms, centre, strict=True))),
        positive.size,
        int(positive.sum()),
        int((~coded.complete).sum()),
        engine.best,
        ratio,
        len(names),
        float(chi2.sf(ratio, len(names))),
        float("nan") if firth else 2 * (len(names) + 1) - 2 * engine.best,
        rarer / len(names),
        "Firth's penalised likelihood" if firth else "maximum likelihood",
        "profile of the penalised likelihood" if firth else _INTERVALS[interval],
        level,
        tuple(notes),
    )


_INTERVALS = {
    "wald": "Wald",
    "profile": "profile likelihood",
    "r-confint": "profile likelihood by R's spline",
}


def maximum_log_likelihood(outcome: ArrayLike, matrix: np.ndarray) -> float:
    """Largest log-likelihood of a regression on the columns of ``matrix``, shape (n, p), and an intercept.

    Under separation it is the limit that the likelihood rises to, and finite.
    """
    positive = check_outcome(outcome)
    names = tuple(f"column {number}" for number in range(matrix.shape[1]))
    columns = _standardised(matrix, names)[0] if names else np.ones((positive.size, 1))
    return _Likelihood(columns, positive).best


class _Likelihood:
    """Maximum likelihood by statsmodels, and the profile of any coefficient."""

    def __init__(self, matrix: np.ndarray, positive: np.ndarray) -> None:
        self._matrix = matrix
        self._outcome = positive.astype(float)
        fitted = self._fit(matrix, np.zeros(len(matrix)))
        self.coefficients = np.asarray(fitted.params)
        self.errors = np.asarray(fitted.bse)
        self.best = float(fitted.llf)
        share = self._outcome.mean()
        self.null = float(len(matrix) * (share * np.log(share) + (1 - share) * np.log(1 - share)))

    def profile(self, column: int, value: float) -> float:
        rest = np.delete(self._matrix, column, axis=1)
        return float(self._fit(rest, self._matrix[:, column] * value).llf)

    def _fit(self, matrix: np.ndarray, offset: np.ndarray) -> Any:
        import statsmodels.api as sm

        with warnings.catch_warnings():
            # Separation is tested for, and told, before.
            warnings.simplefilter("ignore")
            model = sm.GLM(self._outcome, matrix, family=sm.families.Binomial(), offset=offset)
            return model.fit(tol=1e-12, maxiter=100)


class _Penalised:
    """The same of Firth's likelihood."""

    def __init__(self, matrix: np.ndarray, positive: np.ndarray) -> None:
        self._matrix, self._positive = matrix, positive
        self._free = fitted = fit_firth(matrix, positive)
        self.coefficients = fitted.coefficients
        self.errors = np.sqrt(np.diag(fitted.covariance))
        self.best = fitted.log_likelihood
        self.null = fit_firth(matrix, positive, dict.fromkeys(range(1, matrix.shape[1]), 0.0)).log_likelihood

    def profile(self, column: int, value: float) -> float:
        return fit_firth(self._matrix, self._positive, {column: value}, self._free).log_likelihood


def _term(
    engine: _Likelihood | _Penalised, column: int, name: str, scale: float, interval: str, level: float
) -> OddsRatio:
    best, error = float(engine.coefficients[column]), float(engine.errors[column])
    if isinstance(engine, _Penalised):
        statistic = 2 * max(engine.best - engine.profile(column, 0.0), 0.0)
        interval = "profile"
    else:
        statistic = (best / error) ** 2
    if interval == "wald":
        half = float(norm.isf((1 - level) / 2)) * error
        limits = best - half, best + half
    elif interval == "profile":
        limits = profile_limits(lambda value: engine.profile(column, value), best, error, level)
    else:
        limits = r_confint_limits(lambda value: -2 * engine.profile(column, value), best, error, level)
    with np.errstate(over="ignore"):
        ratio, low, high = (float(np.exp(value / scale)) for value in (best, *limits))
    return OddsRatio(
        name, ratio, low, high, best / scale, error / scale, float(statistic), float(chi2.sf(statistic, 1))
    )


def _standardised(matrix: np.ndarray, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An intercept and the columns, centred and scaled, which changes no ratio and keeps the fit well conditioned."""
    centre, scale = matrix.mean(axis=0), matrix.std(axis=0)
    constant = [name for name, spread in zip(names, scale, strict=True) if spread == 0]
    if constant:
        raise InputError(f"{' and '.join(constant)} do not vary among the complete cases; leave them out.")
    columns = np.column_stack([np.ones(len(matrix)), (matrix - centre) / scale])
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        raise InputError(
            f"Of {', '.join(names)} one follows from the others, or there are more columns than cases; leave some out."
        )
    return columns, centre, scale


def _missing_notes(coded: Design) -> list[str]:
    gaps = {name: count for name, count in coded.missing.items() if count}
    if not gaps:
        return []
    left = int((~coded.complete).sum())
    told = ", ".join(f"{name} {count}" for name, count in gaps.items())
    return [f"{left} of {coded.complete.size} cases lack a value and were left out ({told})."]
