"""What one operating point of a curve says about the area under it."""

from __future__ import annotations

from dataclasses import dataclass

from RadFusionLib.errors import InputError

__all__ = ["AUCBounds", "auc_bounds"]


@dataclass(frozen=True)
class AUCBounds:
    """Areas that a curve through one operating point can have.

    Attributes
    ----------
    lower, upper : float
        Of any rising curve through the point.
    youden_upper : float
        Of a rising curve on which no other point has a larger sensitivity + specificity.
    """

    lower: float
    upper: float
    youden_upper: float

    def allow(self, area: float) -> bool:
        """Whether a rising curve through the point can have this area."""
        return self.lower <= area <= self.upper

    def allow_youden(self, area: float) -> bool:
        """Whether it can, the point being the one that Youden's rule chose on these same cases."""
        return self.lower <= area <= self.youden_upper


def auc_bounds(sensitivity: float, specificity: float, rounding: float = 0.0) -> AUCBounds:
    """Bounds of the AUC from one operating point.

    A rising curve through ``(1 - specificity, sensitivity)`` has
    ``sensitivity * specificity <= AUC <= 1 - (1 - sensitivity)(1 - specificity)``. Where the point maximises Youden's
    ``J = sensitivity + specificity - 1``, the curve lies below ``sensitivity = 1 - specificity + J`` too, hence
    ``AUC <= 0.5 + J - J^2 / 2``.

    Parameters
    ----------
    sensitivity, specificity : float
        In [0, 1].
    rounding : float
        Half a unit of the last digit that was printed; widens the bounds. 0 for exact rates.
    """
    if not (0 <= sensitivity <= 1 and 0 <= specificity <= 1):
        raise InputError(f"Sensitivity {sensitivity:g} and specificity {specificity:g} must lie between 0 and 1.")
    least = [max(rate - rounding, 0.0) for rate in (sensitivity, specificity)]
    most = [min(rate + rounding, 1.0) for rate in (sensitivity, specificity)]
    youden = max(most[0] + most[1] - 1, 0.0)
    return AUCBounds(least[0] * least[1], 1 - (1 - most[0]) * (1 - most[1]), 0.5 + youden - youden**2 / 2)
