"""Which case is held out of which member."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

__all__ = ["assign_folds", "stratified_folds"]


def assign_folds(cases: Sequence[str], count: int, seed: int) -> np.ndarray:
    """Deal cases to ``count`` folds of equal size by a hash of their ids, blind to every outcome.

    Since no outcome is looked at, changing the outcomes of one fold cannot move a case between folds, and so
    cannot reach the members fitted without that fold.

    Returns
    -------
    numpy.ndarray of int, shape (n,)
        Fold number of each case.
    """
    order = sorted(range(len(cases)), key=lambda i: hashlib.sha256(f"{seed}:{cases[i]}".encode()).digest())
    fold = np.empty(len(cases), dtype=int)
    fold[order] = np.arange(len(cases)) % count
    return fold


def stratified_folds(cases: Sequence[str], outcome: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Deal the cases of each outcome in turn; for the inner folds, all of whose outcomes are training data.

    Returns
    -------
    numpy.ndarray of int, shape (n,)
        Fold number of each case.
    """
    outcome = np.asarray(outcome)
    fold = np.empty(len(cases), dtype=int)
    shift = 0
    for value in np.unique(outcome):
        members = np.flatnonzero(outcome == value)
        dealt = assign_folds([cases[int(i)] for i in members], count, seed)
        fold[members] = (dealt + shift) % count
        shift += len(members)
    return fold
