"""Checks on the parts of a score read from a file, which may be damaged or hostile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from RadFusionLib.errors import BundleError

__all__ = ["array_part", "check_names", "choice_part", "damaged", "integer_part", "number_part"]


def damaged(kind: str, what: str) -> BundleError:
    """The error for a part that cannot be right."""
    return BundleError(f"The bundle's {kind} model is damaged: {what}.")


def check_names(
    kind: str, description: Any, arrays: Any, fields: Sequence[str] = (), names: Sequence[str] = ()
) -> None:
    """Require the description to be of this kind with exactly these fields beside it, and exactly these arrays."""
    if not isinstance(description, Mapping) or not isinstance(arrays, Mapping):
        raise damaged(kind, "it has no description or no arrays")
    if description.get("kind") != kind:
        raise damaged(kind, "its description is of another kind")
    if set(description) != {"kind", *fields}:
        raise damaged(kind, f"its description needs {', '.join(fields) or 'nothing'} and no more")
    if set(arrays) != set(names):
        raise damaged(kind, f"it needs the arrays {', '.join(names) or 'none'} and no others")


def number_part(
    kind: str, description: Mapping[str, Any], name: str, low: float = -math.inf, high: float = math.inf
) -> float:
    """A finite number strictly between ``low`` and ``high``."""
    value = description[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise damaged(kind, f"{name} is not a number")
    try:
        value = float(value)
    except OverflowError:
        value = math.inf
    if not (math.isfinite(value) and low < value < high):
        raise damaged(kind, f"{name} is out of its bounds")
    return value


def integer_part(kind: str, description: Mapping[str, Any], name: str, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``, both included."""
    value = description[name]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise damaged(kind, f"{name} is not a whole number from {low} to {high}")
    return value


def choice_part(kind: str, description: Mapping[str, Any], name: str, options: Sequence[str]) -> str:
    """One of a few words."""
    value = description[name]
    if not isinstance(value, str) or value not in options:
        raise damaged(kind, f"{name} is none of {', '.join(options)}")
    return value


def array_part(
    kind: str,
    arrays: Mapping[str, np.ndarray],
    name: str,
    shape: Sequence[int | None],
    dtype: type = np.float64,
) -> np.ndarray:
    """A finite array of exactly this type and shape (None: any length)."""
    value = arrays[name]
    if not isinstance(value, np.ndarray) or value.dtype != np.dtype(dtype):
        raise damaged(kind, f"{name} is not an array of {np.dtype(dtype).name}")
    if value.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, value.shape, strict=True)):
        raise damaged(kind, f"{name} has the shape {value.shape}")
    if not np.isfinite(value).all():
        raise damaged(kind, f"{name} is not finite")
    return value
