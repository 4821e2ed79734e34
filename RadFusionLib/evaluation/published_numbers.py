"""Whether the numbers that a paper prints agree with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from scipy.stats import norm

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_level
from RadFusionLib.evaluation.confusion import rates_at_prevalence
from RadFusionLib.evaluation.group_difference import t_test_from_summary

__all__ = [
    "ImpliedAUC",
    "ImpliedRatio",
    "Span",
    "column_shift",
    "counts_of_share",
    "implied_auc",
    "implied_prevalence",
    "implied_ratio",
    "rounded_predictive_values",
    "rounded_t_test",
]


@dataclass(frozen=True)
class Span:
    """The values that rounding of the printed numbers leaves open."""

    value: float
    low: float
    high: float

    def holds(self, printed: float, rounding: float = 0.0) -> bool:
        """Whether a number printed to within ``rounding`` (half a unit of its last digit) can be one of them."""
        return self.low - rounding - 1e-12 <= printed <= self.high + rounding + 1e-12


@dataclass(frozen=True)
class ImpliedRatio:
    """What an odds or hazard ratio and its interval imply.

    Attributes
    ----------
    standard_error : float
        Of its logarithm.
    z : float
        Wald's.
    p : Span
        Two-sided, with the rounding of the three printed numbers carried through.
    centre : Span
        ``sqrt(low * high)``, which equals the ratio where the interval is Wald's.
    """

    standard_error: float
    z: float
    p: Span
    centre: Span


@dataclass(frozen=True)
class ImpliedAUC:
    """What an AUC and its interval imply: the middle, which equals the AUC where it is Wald's, and the error."""

    centre: float
    standard_error: float


def implied_ratio(ratio: float, low: float, high: float, level: float = 0.95, rounding: float = 0.0005) -> ImpliedRatio:
    """Standard error and Wald p of a printed ratio.

    ``se = ln(high / low) / (2 z)``, ``p = 2 Phi(-|ln ratio| / se)``. Near 1, and for small ratios, three decimals say
    little: the rounding must be carried through before a p is called wrong.

    Parameters
    ----------
    ratio, low, high : float
        As printed; positive, ``low`` below ``high``.
    level : float
        That the interval is said to have.
    rounding : float
        Half a unit of the last printed digit.
    """
    check_level(level)
    if not (0 < low < high and ratio > 0):
        raise InputError(f"{ratio:g} ({low:g} to {high:g}) is no ratio with an interval; all must be above zero.")
    quantile = float(norm.isf((1 - level) / 2))

    def wald(ratio: float, low: float, high: float) -> tuple[float, float, float]:
        error = float(np.log(high / low)) / (2 * quantile)
        z = float(np.log(ratio)) / error
        return error, z, float(2 * norm.sf(abs(z)))

    error, z, p = wald(ratio, low, high)
    ends = [(max(value - rounding, 1e-300), value + rounding) for value in (ratio, low, high)]
    corners = [wald(*corner)[2] for corner in product(*ends) if corner[1] < corner[2]]
    if ends[0][0] <= 1 <= ends[0][1]:
        corners.append(1.0)
    centre = Span(float(np.sqrt(low * high)), *(float(np.sqrt(ends[1][side] * ends[2][side])) for side in (0, 1)))
    return ImpliedRatio(error, z, Span(p, min(corners), max(corners)), centre)


def implied_auc(low: float, high: float, level: float = 0.95) -> ImpliedAUC:
    """Middle and standard error of a printed interval of an AUC."""
    check_level(level)
    if not 0 <= low < high <= 1:
        raise InputError(f"{low:g} to {high:g} is no interval of an AUC; give two numbers between 0 and 1.")
    return ImpliedAUC((low + high) / 2, (high - low) / (2 * float(norm.isf((1 - level) / 2))))


def counts_of_share(share: float, cases: int, rounding: float) -> list[int]:
    """Every whole number of ``cases`` whose share in [0, 1] was printed, to within ``rounding``, as ``share``."""
    return [count for count in range(cases + 1) if abs(count / cases - share) <= rounding + 1e-12]


def rounded_predictive_values(
    sensitivity: float, specificity: float, prevalence: float, rounding: float
) -> dict[str, Span]:
    """``ppv``, ``npv`` and ``accuracy`` at a prevalence, with the rounding of the two rates carried through.

    Parameters
    ----------
    sensitivity, specificity, prevalence : float
        In [0, 1].
    rounding : float
        Half a unit of the last printed digit of the first two.
    """
    exact = rates_at_prevalence(sensitivity, specificity, prevalence)
    corners = [
        rates_at_prevalence(one, other, prevalence)
        for one, other in product(_around(sensitivity, rounding), _around(specificity, rounding))
    ]
    return {
        name: Span(exact[name], min(c[name] for c in corners), max(c[name] for c in corners))
        for name in ("ppv", "npv", "accuracy")
    }


def implied_prevalence(
    sensitivity: float, specificity: float, printed: dict[str, float], rounding: float, step: float = 0.00005
) -> tuple[float, float] | None:
    """Smallest and largest prevalence at which one pair of rates gives all printed predictive values and accuracy.

    The pair may be any that was printed as these two rates. Folds that all imply the prevalence of the whole were
    dealt by row, not by patient.

    Parameters
    ----------
    sensitivity, specificity : float
        In [0, 1].
    printed : dict of str to float
        Some of ``ppv``, ``npv`` and ``accuracy``, in [0, 1].
    rounding : float
        Half a unit of the last printed digit.
    step : float
        Of the search.

    Returns
    -------
    tuple of float, or None
        None where no prevalence will do.
    """
    prevalence = np.arange(step, 1.0, step)
    rest = 1 - prevalence
    one = np.ones_like(prevalence)
    # Lines a * sensitivity + b * specificity <= c. For a given prevalence all that was printed is linear in the two.
    lines = []
    for rate, (a, b) in ((sensitivity, (one, 0 * one)), (specificity, (0 * one, one))):
        low, high = _around(rate, rounding)
        lines += [(a, b, high * one), (-a, -b, -low * one)]
    for name, value in printed.items():
        for bound, sign in zip(_around(value, rounding), (-1, 1), strict=True):
            a, b, c = {
                "ppv": (prevalence * (1 - bound), bound * rest, bound * rest),
                "npv": (bound * prevalence, rest * (1 - bound), bound * prevalence),
                "accuracy": (prevalence, rest, bound * one),
            }[name]
            lines.append((sign * a, sign * b, sign * c))
    a, b, c = (np.array(part) for part in zip(*lines, strict=True))
    fits = np.zeros(prevalence.size, dtype=bool)
    # The lines leave room exactly where one of their crossings lies on the right side of all of them.
    for i, j in combinations(range(len(lines)), 2):
        with np.errstate(divide="ignore", invalid="ignore"):
            determinant = a[i] * b[j] - a[j] * b[i]
            x = (c[i] * b[j] - c[j] * b[i]) / determinant
            y = (a[i] * c[j] - a[j] * c[i]) / determinant
            fits |= (a * x + b * y <= c + 1e-12).all(axis=0)
    found = prevalence[fits]
    return (float(found[0]), float(found[-1])) if found.size else None


def rounded_t_test(
    means: tuple[float, float],
    deviations: tuple[float, float],
    cases: tuple[int, int],
    rounding: float = 0.005,
    welch: bool = False,
) -> Span:
    """p of the t-test that printed means and standard deviations imply, with their rounding carried through.

    Parameters
    ----------
    means, deviations, cases, welch
        As for :func:`~RadFusionLib.evaluation.group_difference.t_test_from_summary`.
    rounding : float
        Half a unit of the last printed digit.
    """
    corners = [
        t_test_from_summary((a, b), (max(c, 0.0), max(d, 0.0)), cases, welch).p
        for a, b, c, d in product(*((value - rounding, value + rounding) for value in (*means, *deviations)))
    ]
    if abs(means[0] - means[1]) <= 2 * rounding:
        corners.append(1.0)
    return Span(t_test_from_summary(means, deviations, cases, welch).p, min(corners), max(corners))


def column_shift(printed: Sequence[float], recomputed: Sequence[float], rounding: float) -> int | None:
    """By how many rows, round the end, a printed column lies above the rows it belongs to.

    Parameters
    ----------
    printed, recomputed : sequence of float, of one length
        The column, and what the other columns of each row imply for it.
    rounding : float
        Largest distance of two numbers that agree.

    Returns
    -------
    int or None
        0 where the rows agree; None where no shift makes them agree.
    """
    if len(printed) != len(recomputed):
        raise InputError(
            f"There are {len(printed)} printed and {len(recomputed)} recomputed rows; give as many of each."
        )
    for shift in range(len(printed)):
        moved = np.roll(np.asarray(recomputed, dtype=float), -shift)
        if (np.abs(moved - np.asarray(printed, dtype=float)) <= rounding + 1e-12).all():
            return shift
    return None


def _around(rate: float, rounding: float) -> tuple[float, float]:
    return max(rate - rounding, 0.0), min(rate + rounding, 1.0)
