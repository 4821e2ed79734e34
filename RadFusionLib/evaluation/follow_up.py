"""Times to an event, some of them censored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.errors import InputError

__all__ = ["FollowUp"]


@dataclass(frozen=True, eq=False)
class FollowUp:
    """How long each case was followed, and whether the event came.

    Parameters
    ----------
    times : numpy.ndarray of float, shape (n,)
        Months, above 0.
    events : numpy.ndarray of bool, shape (n,)
        True when the event came at that time, False when the case was last seen without it.
    """

    times: np.ndarray
    events: np.ndarray

    def __post_init__(self) -> None:
        times = np.asarray(self.times, dtype=float)
        events = np.asarray(self.events)
        if times.ndim != 1 or times.shape != events.shape:
            raise ValueError(f"Times of shape {times.shape} and events of shape {events.shape} do not fit.")
        if not (np.isfinite(times) & (times > 0)).all():
            raise ValueError("Times must be finite and above 0.")
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "events", events.astype(bool))

    def __len__(self) -> int:
        return self.times.size

    def of(self, chosen: np.ndarray) -> FollowUp:
        """The cases at ``chosen`` (a ``bool`` mask or integers)."""
        return FollowUp(self.times[chosen], self.events[chosen])

    @property
    def count(self) -> int:
        """Number of events."""
        return int(self.events.sum())

    @classmethod
    def from_columns(
        cls, cases: Sequence[str], times: ArrayLike, events: ArrayLike, endpoint: str
    ) -> tuple[FollowUp, np.ndarray]:
        """Check two columns of a manifest.

        Parameters
        ----------
        cases : sequence of str
            Case ids, for the sentence when a value is wrong.
        times, events : array-like of float, shape (n,)
            Months and 0/1; both NaN where the case was not followed.
        endpoint : str
            As in the columns' names, such as ``DFS``.

        Returns
        -------
        follow_up : FollowUp
            Of the cases that were followed.
        known : numpy.ndarray of bool, shape (n,)
            Which of the cases these are.

        Raises
        ------
        InputError
            When a time is zero or negative, or a case has an event without a time or a time without an event.
        """
        time, event = np.asarray(times, dtype=float), np.asarray(events, dtype=float)
        for case, t, e in zip(cases, time, event, strict=True):
            if np.isnan(t) and not np.isnan(e):
                raise InputError(f"Case {case} has event:{endpoint} but no time:{endpoint}; fill both or neither.")
            if np.isnan(e) and not np.isnan(t):
                raise InputError(f"Case {case} has time:{endpoint} but no event:{endpoint}; fill both or neither.")
            if t <= 0:
                raise InputError(
                    f"Case {case} has time:{endpoint} {t:g}; a time must be above 0 months; mend it or empty it."
                )
        known = np.isfinite(time)
        return cls(time[known], event[known] == 1), known
