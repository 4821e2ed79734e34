"""The stated model: what a patient's outcome depends on, and how well anyone could know it.

With strength q in [0, 1]:

    logit P(outcome = 1) = q (2.45 s + 0.30 afp - 0.25 alb + 0.20 ca199 + 0.50 (margin - 0.35)) + b(q)

s is the burden of the causal patch; afp, alb and ca199 are the z-values of the clinical variables; margin is
the finding of an irregular margin; b(q) makes the prevalence 40 %. The decoy's burden, the tumour's size, its
place, the centre and the treatment have no effect. At strength 0 the outcome is a coin that shows 1 in 40 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.simulation.latents import Latents, draw_latents
from RadFusionLib.simulation.streams import stream

__all__ = [
    "COEFFICIENTS",
    "PREVALENCE",
    "draw_outcomes",
    "intercept",
    "oracle_auc",
    "predictor",
    "probabilities",
]  # fmt: skip

COEFFICIENTS: Mapping[str, float] = {"burden": 2.45, "afp": 0.30, "alb": -0.25, "ca199": 0.20, "margin": 0.50}
"""Of the linear predictor; ``margin`` is centred at `MARGIN_PREVALENCE`."""
MARGIN_PREVALENCE = 0.35
PREVALENCE = 0.40


def predictor(latents: Sequence[Latents | Mapping[str, float]]) -> np.ndarray:
    """The linear predictor at strength 1, without intercept, shape (N,)."""
    rows = [dict(v) if isinstance(v, Mapping) else v.record() for v in latents]
    total = np.zeros(len(rows))
    for name, weight in COEFFICIENTS.items():
        center = MARGIN_PREVALENCE if name == "margin" else 0.0
        total += weight * (np.array([row[name] for row in rows], dtype=float) - center)
    return total


def probabilities(latents: Sequence[Latents | Mapping[str, float]], strength: float) -> np.ndarray:
    """The true probability of outcome 1 of each case, shape (N,)."""
    return _sigmoid(strength * predictor(latents) + intercept(strength))


def draw_outcomes(
    latents: Sequence[Latents | Mapping[str, float]], strength: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw outcomes without any image.

    Each case has a stream of its own, keyed by ``seed`` and the case, so that its draw depends neither on the
    other cases nor on the order they come in. The same draw of another strength uses the same random number.

    Parameters
    ----------
    latents : sequence
        `Latents`, or their records from ``truth.json``.
    strength : float
        0 (a coin) to 1 (the model as stated).
    seed : int
        Of the draw; the cohort's own seed gives the outcomes of its manifest.

    Returns
    -------
    outcomes : numpy.ndarray
        0 or 1, ``int64``, shape (N,).
    probabilities : numpy.ndarray
        The true probabilities, shape (N,).
    """
    check_strength(strength)
    truth = probabilities(latents, strength)
    rows = [v if isinstance(v, Mapping) else v.record() for v in latents]
    draws = np.array([stream(int(r["seed"]), int(r["index"]), "outcome", seed, 0).random() for r in rows])
    return (draws < truth).astype(np.int64), truth


def check_strength(strength: float) -> None:
    """Refuse a strength outside [0, 1]."""
    if not 0.0 <= strength <= 1.0:
        raise InputError(f"The strength of the effect must lie between 0 and 1, not {strength}.")


def oracle_auc(strength: float) -> float:
    """Expected AUC of the true probability against the outcome, over all patients the model can make."""
    u, weight = _population()
    p = _sigmoid(strength * u + intercept(strength))
    order = np.argsort(u)
    positive, negative = (weight * p)[order], (weight * (1 - p))[order]
    below = np.cumsum(negative) - 0.5 * negative
    return 0.5 if strength == 0 else float(np.sum(positive * below) / (positive.sum() * negative.sum()))


@lru_cache(maxsize=256)
def intercept(strength: float) -> float:
    """b(q), such that the prevalence over all patients is `PREVALENCE`."""
    check_strength(strength)
    from scipy.optimize import brentq

    u, weight = _population()
    return float(brentq(lambda b: np.sum(weight * _sigmoid(strength * u + b)) - PREVALENCE, -20.0, 20.0))


def _population() -> tuple[np.ndarray, np.ndarray]:
    """All patients as points of the linear predictor with their weights: a normal part and the margin's two."""
    nodes = np.linspace(-7.0, 7.0, 4001)
    density = np.exp(-0.5 * nodes**2)
    density /= density.sum()
    spread = np.sqrt(sum(c**2 for name, c in COEFFICIENTS.items() if name != "margin"))
    m, c = MARGIN_PREVALENCE, COEFFICIENTS["margin"]
    u = np.concatenate([spread * nodes - c * m, spread * nodes + c * (1 - m)])
    return u, np.concatenate([(1 - m) * density, m * density])


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


def population(seed: int, cases: int, first: int = 0) -> list[Latents]:
    """The hidden states of a cohort, without images."""
    return [draw_latents(seed, first + i) for i in range(cases)]
