"""Numbers as a report prints them."""

from __future__ import annotations

import math

from RadFusionLib.evaluation.estimate import Estimate

__all__ = ["interval", "months", "number", "p_value", "percent"]


def number(value: float, digits: int = 3) -> str:
    """A number with so many decimals; a dash when it is not defined."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "not reached"
    # Without the second rounding, a tiny negative number would print as -0.00.
    return f"{round(value, digits) + 0.0:.{digits}f}"


def interval(estimate: Estimate | None, digits: int = 3) -> str:
    """A value with its interval in brackets; a dash when there is none."""
    if estimate is None or math.isnan(estimate.value):
        return "–"
    if math.isnan(estimate.low):
        return f"{estimate.value:.{digits}f} (no interval)"
    return f"{estimate.value:.{digits}f} ({number(estimate.low, digits)} to {number(estimate.high, digits)})"


def percent(estimate: Estimate | None) -> str:
    """A share in percent with its interval."""
    if estimate is None or math.isnan(estimate.value):
        return "–"
    return f"{100 * estimate.value:.1f} % ({100 * estimate.low:.1f} to {100 * estimate.high:.1f})"


def p_value(p: float) -> str:
    """A p-value with three decimals, never 0."""
    if math.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def months(value: float, low: float, high: float) -> str:
    """A median time with its interval; what was not reached is said so."""
    if math.isinf(value):
        return f"not reached (from {number(low, 1)})" if math.isfinite(low) else "not reached"
    upper = "not reached" if not math.isfinite(high) else f"{high:.1f}"
    return f"{value:.1f} ({number(low, 1)} to {upper})"
