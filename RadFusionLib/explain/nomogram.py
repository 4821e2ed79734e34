"""The nomogram of a logistic model: points for each variable, their total, and the risk that it means.

Points are the log-odds on another scale. The variable whose range changes the log-odds most spans 0 to 100 points;
every other variable has as many points for a log-odds; each has 0 points at the end of its range where the risk is
lowest. So the total is the log-odds but for a constant, and the risk axis is its logistic function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from RadFusionLib.errors import InputError

__all__ = ["Nomogram", "NomogramVariable"]


@dataclass(frozen=True)
class NomogramVariable:
    """One row of a nomogram.

    Parameters
    ----------
    name : str
        The feature's name in the model.
    label : str
        What the reader sees.
    coefficient : float
        Log-odds a unit of the variable.
    low, high : float
        Range drawn, as of the training cases; ``low < high``.
    unit : str
        The reader's unit.
    levels : tuple of (float, str)
        For a variable of few values, each value and the word for it.
    """

    name: str
    label: str
    coefficient: float
    low: float
    high: float
    unit: str = ""
    levels: tuple[tuple[float, str], ...] = ()

    @property
    def reference(self) -> float:
        """The end of the range with the lower risk, which has 0 points."""
        return self.low if self.coefficient >= 0 else self.high

    @property
    def span(self) -> float:
        """How far the range changes the log-odds."""
        return abs(self.coefficient) * (self.high - self.low)


@dataclass(frozen=True)
class Nomogram:
    """A logistic model as points.

    Parameters
    ----------
    variables : tuple of NomogramVariable
        In the order drawn.
    intercept : float
        Log-odds where every variable is 0.
    outcome : str
        What the risk is of.

    Raises
    ------
    InputError
        When no variable changes the risk over its range, or a range is empty.
    """

    variables: tuple[NomogramVariable, ...]
    intercept: float
    outcome: str = "outcome"

    def __post_init__(self) -> None:
        for variable in self.variables:
            if not variable.low < variable.high:
                raise InputError(
                    f"The nomogram's range of {variable.label} runs from {variable.low:g} to {variable.high:g}; "
                    "give a lower and a higher value."
                )
        if not any(variable.span > 0 for variable in self.variables):
            raise InputError("No variable of this model changes the risk, so there is no nomogram to draw.")

    @classmethod
    def of_standardised(
        cls,
        variables: Sequence[NomogramVariable],
        mean: np.ndarray,
        scale: np.ndarray,
        intercept: float,
        outcome: str = "outcome",
    ) -> Nomogram:
        """Take over a model of z-scores, whose coefficients are log-odds a standard deviation."""
        own = tuple(
            NomogramVariable(v.name, v.label, v.coefficient / float(s), v.low, v.high, v.unit, v.levels)
            for v, s in zip(variables, scale, strict=True)
        )
        shift = sum(v.coefficient * float(m) for v, m in zip(own, mean, strict=True))
        return cls(own, intercept - shift, outcome)

    @property
    def points_per_logit(self) -> float:
        """Points of one unit of log-odds."""
        return 100.0 / max(variable.span for variable in self.variables)

    @property
    def start(self) -> float:
        """Log-odds of a case with 0 points."""
        return self.intercept + sum(v.coefficient * v.reference for v in self.variables)

    @property
    def most(self) -> float:
        """Total points of a case at the risky end of every range."""
        return self.points_per_logit * sum(v.span for v in self.variables)

    def points(self, variable: NomogramVariable, value: float) -> float:
        """Points of a value; below 0 or above the row's end where the value leaves the range."""
        return self.points_per_logit * variable.coefficient * (value - variable.reference)

    def total(self, values: Mapping[str, float]) -> float:
        """Total points of a case, by the variables' names.

        Raises
        ------
        InputError
            When a value is missing or not finite.
        """
        return sum(self.points(v, self.value(v, values)) for v in self.variables)

    def value(self, variable: NomogramVariable, values: Mapping[str, float]) -> float:
        """A case's value of a variable; raises as :meth:`total`."""
        value = float(values.get(variable.name, np.nan))
        if not np.isfinite(value):
            raise InputError(f"The nomogram needs a value of {variable.label}; fill it in.")
        return value

    def risk(self, total: float | np.ndarray) -> np.ndarray:
        """Risk in [0, 1] of total points."""
        return expit(self.start + np.asarray(total, dtype=float) / self.points_per_logit)

    def total_of_risk(self, risk: float | np.ndarray) -> np.ndarray:
        """Total points at which the risk, between 0 and 1, is reached."""
        risk = np.asarray(risk, dtype=float)
        return (np.log(risk / (1 - risk)) - self.start) * self.points_per_logit
