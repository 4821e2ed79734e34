"""One threshold for all checks together, from cases that the checks were not fitted on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from RadFusionLib.doubt.checks import USUAL
from RadFusionLib.doubt.familiarity import Familiarity
from RadFusionLib.fusion.table import FeatureTable

__all__ = ["FamilyThreshold"]

AIM = 0.025
"""Wanted share of cases like the training's with any flag: half of the 5 % promised, since the share that a threshold
from some hundred cases gives varies about its aim."""
FOLDS = 10


@dataclass(frozen=True)
class FamilyThreshold:
    """The unit of each check, and how many units any of them must exceed for a flag.

    A case's score is the largest of its checks, each in its unit. The checks are fitted without each of ten parts of
    the training cases in turn and applied to it; the threshold is a rank of the scores so found (split-conformal), so
    that a new case of the same kind exceeds it with probability ``expected`` or less, however many checks there are
    and however they hang together.

    Parameters
    ----------
    units : mapping of str to float
        By check: the 98 % quantile of the strangeness of training cases, held out.
    threshold : float
        In units.
    expected : float
        Share of cases like the training's that any check flags, in (0, 1).
    """

    units: Mapping[str, float]
    threshold: float
    expected: float

    @classmethod
    def fit(cls, table: FeatureTable, features: Sequence[str]) -> FamilyThreshold:
        """Calibrate on the training cases; with fewer than 39 of them the share is larger than the one aimed at."""
        count = len(table.cases)
        order = np.random.default_rng(0).permutation(count)
        checks = Familiarity.fit(table, features).checks
        held_out = np.zeros((count, len(checks)))
        for part in np.array_split(order, min(FOLDS, count)):
            others = np.setdiff1d(order, part)
            fitted = Familiarity.fit(table.rows(others), features)
            place = {check: i for i, check in enumerate(fitted.checks)}
            found = fitted.strangeness(table.rows(part))
            # A check that some folds lack, for want of cases that have its number, is not held against those cases.
            held_out[part] = np.stack(
                [found[:, place[c]] if c in place else np.zeros(len(part)) for c in checks], axis=1
            )
        least = Familiarity.fit(table, features).least
        usual = np.quantile(held_out, USUAL, axis=0)
        units = {check: max(float(value), least(check)) for check, value in zip(checks, usual, strict=True)}
        scores = np.sort((held_out / np.array(list(units.values()))).max(axis=1))
        rank = min(count, math.ceil((1 - AIM) * (count + 1)))
        return cls(units, float(scores[rank - 1]), 1 - rank / (count + 1))
