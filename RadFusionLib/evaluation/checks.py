"""What every measure asks of its input before it counts anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.errors import InputError

__all__ = ["check_level", "check_outcome", "check_risk", "check_scores"]


def check_outcome(outcome: ArrayLike, name: str = "outcome") -> np.ndarray:
    """Return a binary outcome as ``bool``, shape (n,).

    Raises
    ------
    InputError
        When it is empty, is not one-dimensional, holds something other than 0 and 1, or holds one class only.
    """
    values = _vector(outcome, name)
    if not np.isin(values, (0.0, 1.0)).all():
        raise InputError(f"The {name} holds values other than 0 and 1; code it as 0 (absent) and 1 (present).")
    positive = values == 1
    if positive.all() or not positive.any():
        kind = "positive" if positive.any() else "negative"
        raise InputError(f"All {values.size} cases have a {kind} {name}; both classes are needed.")
    return positive


def check_scores(outcome: np.ndarray, scores: ArrayLike, name: str = "score", *, constant: bool = False) -> np.ndarray:
    """Return scores as ``float``, shape (n,), as many as there are outcomes.

    Parameters
    ----------
    outcome : numpy.ndarray, shape (n,)
        What the scores belong to.
    scores : array-like, shape (n,)
        Finite numbers.
    name : str
        How a message calls them.
    constant : bool
        Whether one and the same score for all cases is acceptable.

    Raises
    ------
    InputError
        When the lengths differ, a score is missing or infinite, or all scores are equal.
    """
    values = _vector(scores, name)
    if values.size != np.size(outcome):
        raise InputError(
            f"There are {values.size} values of {name} for {np.size(outcome)} outcomes; give one per case."
        )
    if not constant and np.ptp(values) == 0:
        raise InputError(f"The {name} is {values[0]:g} for every case; a constant cannot tell cases apart.")
    return values


def check_risk(outcome: np.ndarray, risk: ArrayLike, name: str = "risk") -> np.ndarray:
    """Return probabilities as ``float``, shape (n,).

    Raises
    ------
    InputError
        As :func:`check_scores`, a constant risk being acceptable, and when a value lies outside [0, 1].
    """
    values = check_scores(outcome, risk, name, constant=True)
    if values.min() < 0 or values.max() > 1:
        raise InputError(
            f"The {name} ranges from {values.min():g} to {values.max():g}; give probabilities between 0 and 1."
        )
    return values


def check_level(level: float) -> float:
    """Return the confidence level; an :class:`InputError` unless it lies between 0 and 1."""
    if not 0 < level < 1:
        raise InputError(f"A confidence level of {level:g} is not possible; give one between 0 and 1, such as 0.95.")
    return level


def _vector(values: ArrayLike, name: str) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"The {name} holds something that is not a number; give one number per case.") from None
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"The {name} has shape {array.shape}; give one number per case.")
    unusable = int((~np.isfinite(array)).sum())
    if unusable:
        raise InputError(
            f"The {name} is missing or infinite for {unusable} of {array.size} cases; complete or leave out."
        )
    return array
