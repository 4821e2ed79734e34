"""How well a risk orders times to an event: Harrell's and Uno's C."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.evaluation.follow_up import FollowUp

__all__ = ["harrell_c", "uno_c"]

LEVEL = 0.95


def harrell_c(follow_up: FollowUp, risk: np.ndarray) -> Estimate:
    """Share of comparable pairs in which the case with the higher risk had the earlier event (Harrell 1982).

    A pair is comparable when the earlier of its two times is an event; of two equal times, one an event and one
    censored, the event counts as earlier. Equal risks count half. The standard error is the infinitesimal
    jackknife, as in R's ``survival::concordance``.

    Parameters
    ----------
    follow_up : FollowUp
        Times and events.
    risk : numpy.ndarray, shape (n,)
        Higher means an earlier event is expected.

    Returns
    -------
    Estimate
        With a Wald interval, cut at 0 and 1; NaN when no two cases can be compared.
    """
    return _concordance(_comparable(follow_up), risk)


def uno_c(follow_up: FollowUp, risk: np.ndarray, until: float | None = None) -> Estimate:
    """Harrell's C with every pair weighted by how likely its earlier case was still followed (Uno 2011).

    Unlike Harrell's, it does not depend on how long the cases were followed. The weight is one over the square
    of the Kaplan-Meier share of cases not yet censored at the event. The standard error is the infinitesimal
    jackknife, which lets these weights move too; held fixed, they would make it far too large.

    Parameters
    ----------
    follow_up : FollowUp
        Times and events.
    risk : numpy.ndarray, shape (n,)
        Higher means an earlier event is expected.
    until : float, optional
        Months; only events before it count.
    """
    share, change = _uncensored(follow_up)
    counts = follow_up.events & (share > 0)
    if until is not None:
        counts &= follow_up.times < until
    weight = np.where(counts, 1.0 / np.where(share > 0, share, 1.0) ** 2, 0.0)
    return _concordance(_comparable(follow_up) * weight[:, None], risk, -2 * change)


def _comparable(follow_up: FollowUp) -> np.ndarray:
    """Which pairs (earlier, later) can be compared, shape (n, n), 0 or 1."""
    first, second = follow_up.times[:, None], follow_up.times[None, :]
    later = (second > first) | ((second == first) & ~follow_up.events[None, :])
    return (follow_up.events[:, None] & later).astype(float)


def _concordance(pairs: np.ndarray, risk: np.ndarray, change: np.ndarray | None = None) -> Estimate:
    """The weighted share of right pairs; ``change[i, k]`` is how the log weight of row i moves with case k."""
    risk = np.asarray(risk, dtype=float)
    right = pairs * ((risk[:, None] > risk[None, :]) + 0.5 * (risk[:, None] == risk[None, :]))
    total = pairs.sum()
    if total == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), LEVEL, "no two cases can be compared")
    value = right.sum() / total
    # What one more copy of each case would do: the derivative of a ratio of two sums over pairs.
    gap = right - value * pairs
    pull = gap.sum(axis=0) + gap.sum(axis=1)
    if change is not None:
        pull = pull + gap.sum(axis=1) @ change
    error = float(np.sqrt((pull**2).sum()) / total)
    reach = norm.ppf((1 + LEVEL) / 2) * error
    words = "Wald, infinitesimal jackknife"
    return Estimate(float(value), float(max(value - reach, 0.0)), float(min(value + reach, 1.0)), LEVEL, words)


def _uncensored(follow_up: FollowUp) -> tuple[np.ndarray, np.ndarray]:
    """Kaplan-Meier share not censored up to and including each case's time, events leaving first.

    Returns
    -------
    share : numpy.ndarray, shape (n,)
        At each case's time.
    change : numpy.ndarray, shape (n, n)
        Derivative of the share's logarithm at case i's time by the weight of case k.
    """
    times, position = np.unique(follow_up.times, return_inverse=True)
    share, change = np.ones(times.size), np.zeros((times.size, len(follow_up)))
    for place, time in enumerate(times):
        censored = (follow_up.times == time) & ~follow_up.events
        followed = censored | (follow_up.times > time)
        gone, there = int(censored.sum()), int(followed.sum())
        if gone:
            share[place] = 1 - gone / there
        if 0 < gone < there:
            change[place] = -(censored / there - followed * gone / there**2) / share[place]
    return np.cumprod(share)[position], np.cumsum(change, axis=0)[position]
