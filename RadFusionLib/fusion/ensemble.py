"""The ensemble: the fold members, their calibrated mean, its interval and its threshold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from RadFusionLib.errors import InputError
from RadFusionLib.fusion.calibration import PlattCalibration
from RadFusionLib.fusion.case_score import CaseScore
from RadFusionLib.fusion.interval import HalfSampleInterval
from RadFusionLib.fusion.member import Member
from RadFusionLib.fusion.network_score import NetworkScore
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.fusion.table import FeatureTable

__all__ = ["Ensemble", "Risk"]


@dataclass(frozen=True)
class Risk:
    """One case's risk.

    Parameters
    ----------
    risk : float
        Calibrated probability of the outcome, in [0, 1].
    low, high : float
        Interval for the risk the recipe would give after training on far more patients.
    spread : float
        Range of the members' own risks. Not a confidence interval: it covers far less.
    members : tuple of float
        Each member's risk.
    group : str
        ``high`` at or above the threshold, else ``low``.
    """

    risk: float
    low: float
    high: float
    spread: float
    members: tuple[float, ...]
    group: str


@dataclass(frozen=True)
class Ensemble:
    """Members whose mean score is calibrated into the risk.

    Parameters
    ----------
    members : tuple of Member
        One a fold, each fitted without that fold.
    calibration : PlattCalibration
        Fitted to nested out-of-fold scores of ensembles like this one.
    interval : HalfSampleInterval
        For the interval of the risk.
    threshold : float
        Frozen on cross-fitted training probabilities.
    """

    members: tuple[Member, ...]
    calibration: PlattCalibration
    interval: HalfSampleInterval
    threshold: float

    @property
    def features(self) -> tuple[str, ...]:
        """Every feature that the risk depends on, sorted."""
        return tuple(sorted({name for member in self.members for name in member.features}))

    @property
    def most_used_features(self) -> tuple[str, ...]:
        """Every feature that the risk depends on, those first that most members use, equals sorted."""
        count = Counter(name for member in self.members for name in set(member.features))
        return tuple(sorted(count, key=lambda name: (-count[name], name)))

    @property
    def compared_features(self) -> tuple[str, ...]:
        """Every feature that a model of the members needs, also those beside the final one, sorted."""
        return tuple(sorted({n for member in self.members for score in member.scores.values() for n in score.features}))

    @property
    def holds_cases(self) -> bool:
        """Whether any part of it holds feature values of training cases."""
        members = [*self.members, *(member for pair in self.interval.pairs for member in pair)]
        return any(score.holds_cases for member in members for score in member.scores.values())

    @property
    def images(self) -> tuple[str, ...]:
        """The networks whose images risk or interval need, sorted."""
        members = [*self.members, *(member for pair in self.interval.pairs for member in pair)]
        return tuple(sorted({name for member in members for name in member.images}))

    @property
    def interval_features(self) -> tuple[str, ...]:
        """Every feature that the interval depends on, sorted."""
        return tuple(sorted({n for pair in self.interval.pairs for member in pair for n in member.features}))

    def on_device(self, device: str) -> Ensemble:
        """The same ensemble with its networks, the interval's too, working on ``cpu``, ``cuda`` or ``cuda:n``."""
        pairs = tuple((_member_on(first, device), _member_on(second, device)) for first, second in self.interval.pairs)
        return replace(
            self,
            members=tuple(_member_on(member, device) for member in self.members),
            interval=replace(self.interval, pairs=pairs),
        )

    def score(self, table: FeatureTable) -> np.ndarray:
        """Mean score of the members, shape (n,)."""
        return np.mean([member.score(table) for member in self.members], axis=0)

    def logit(self, table: FeatureTable) -> np.ndarray:
        """Calibrated log-odds, shape (n,)."""
        return self.calibration.logit(self.score(table))

    def predict(self, table: FeatureTable) -> tuple[Risk, ...]:
        """Risk of each case.

        Raises
        ------
        InputError
            When a feature that the ensemble needs could not be computed.
        """
        for name in sorted({*self.features, *self.interval_features}):
            missing = ~np.isfinite(table.columns([name])[:, 0])
            if missing.any():
                case = table.cases[int(np.argmax(missing))]
                raise InputError(f"Case {case}: the model needs {name}, which could not be computed; no risk is given.")
        logit = self.logit(table)
        low, high = self.interval.bounds(logit, table)
        members = np.array([self.calibration.probability(m.score(table)) for m in self.members])
        return tuple(
            Risk(
                risk=float(expit(logit[i])),
                low=float(expit(low[i])),
                high=float(expit(high[i])),
                spread=float(np.ptp(members[:, i])),
                members=tuple(float(v) for v in members[:, i]),
                group="high" if expit(logit[i]) >= self.threshold else "low",
            )
            for i in range(len(table.cases))
        )


def _member_on(member: Member, device: str) -> Member:
    return replace(member, scores={name: _score_on(score, device) for name, score in member.scores.items()})


def _score_on(score: CaseScore, device: str) -> CaseScore:
    if isinstance(score, NetworkScore):
        return replace(score, classifier=score.classifier.on_device(device))
    if isinstance(score, StackedScore):
        return replace(score, signatures={name: _score_on(part, device) for name, part in score.signatures.items()})
    return score
