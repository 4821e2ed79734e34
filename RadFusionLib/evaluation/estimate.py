"""A number with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import binomtest

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_level

__all__ = ["Estimate", "exact_proportion"]


@dataclass(frozen=True)
class Estimate:
    """An estimate, its interval, and how the interval was made.

    Attributes
    ----------
    value : float
        The estimate; NaN where it is not defined.
    low, high : float
        Ends of the interval; NaN where there is none.
    level : float
        Its confidence level, in (0, 1).
    method : str
        How the interval was made, in words.
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    method: str = ""

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def exact_proportion(successes: int, trials: int, level: float = 0.95) -> Estimate:
    """Proportion with its exact interval (Clopper and Pearson, Biometrika 1934;26:404-413).

    Parameters
    ----------
    successes, trials : int
        Counts; without a trial the proportion is NaN and its interval is [0, 1].
    level : float
        Confidence level.

    Examples
    --------
    >>> print(exact_proportion(9, 14))
    0.643 (0.351 to 0.872)
    """
    check_level(level)
    if not 0 <= successes <= trials:
        raise InputError(f"{successes} of {trials} is not a proportion; successes lie between 0 and the trials.")
    if trials == 0:
        return Estimate(float("nan"), 0.0, 1.0, level, "exact (Clopper-Pearson)")
    found = binomtest(int(successes), int(trials)).proportion_ci(level, method="exact")
    return Estimate(successes / trials, float(found.low), float(found.high), level, "exact (Clopper-Pearson)")
