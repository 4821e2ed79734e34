"""Mean squared error of a probability (Brier, Monthly Weather Review 1950;78:1-3)."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from RadFusionLib.evaluation.checks import check_outcome, check_risk

__all__ = ["Brier", "brier"]


@dataclass(frozen=True)
class Brier:
    """The Brier score.

    Attributes
    ----------
    score : float
        Mean of ``(risk - outcome)^2``, in [0, 1]; smaller is better.
    scaled : float
        ``1 - score / score of the prevalence``: 1 is perfect, 0 no better than giving everybody the prevalence of
        these cases, negative worse.
    """

    score: float
    scaled: float


def brier(outcome: ArrayLike, risk: ArrayLike) -> Brier:
    """Brier score, plain and scaled, of risks in [0, 1]; ``outcome`` (0 or 1) and ``risk`` have shape (n,)."""
    positive = check_outcome(outcome)
    risks = check_risk(positive, risk)
    score = float(((risks - positive) ** 2).mean())
    prevalence = float(positive.mean())
    return Brier(score, 1 - score / (prevalence * (1 - prevalence)))
