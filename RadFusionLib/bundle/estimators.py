"""An ensemble as arrays and plain JSON, and back: no pickle, no code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from RadFusionLib.errors import BundleError
from RadFusionLib.fusion import Ensemble, HalfSampleInterval, Member, PlattCalibration
from RadFusionLib.fusion.case_score import CaseScore
from RadFusionLib.fusion.score_parts import score_from_parts, score_to_parts

__all__ = ["ensemble_from_parts", "ensemble_to_parts"]


def ensemble_to_parts(ensemble: Ensemble) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Split an ensemble into a JSON structure and named arrays."""
    arrays: dict[str, np.ndarray] = {}
    interval = ensemble.interval
    halves = [
        [_member(member, f"half/{i}/{j}", arrays) for j, member in enumerate(pair)]
        for i, pair in enumerate(interval.pairs)
    ]
    arrays["interval/covariance"] = interval.covariance
    structure = {
        "members": [_member(m, f"member/{i}", arrays) for i, m in enumerate(ensemble.members)],
        "calibration": _platt(ensemble.calibration),
        "interval": {"level": interval.level, "calibration": _platt(interval.calibration), "pairs": halves},
        "threshold": ensemble.threshold,
    }
    return structure, arrays


def ensemble_from_parts(structure: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Ensemble:
    """Put an ensemble together again.

    Raises
    ------
    BundleError
        When structure and arrays do not fit each other.
    """
    try:
        members = tuple(_read_member(m, f"member/{i}", arrays) for i, m in enumerate(structure["members"]))
        described = structure["interval"]
        pairs = tuple(
            (_read_member(first, f"half/{i}/0", arrays), _read_member(second, f"half/{i}/1", arrays))
            for i, (first, second) in enumerate(described["pairs"])
        )
        covariance = arrays["interval/covariance"]
        if covariance.shape != (2, 2) or not np.isfinite(covariance).all():
            raise ValueError("a covariance of a wrong shape")
        opinion = PlattCalibration(**described["calibration"])
        interval = HalfSampleInterval(pairs, opinion, covariance, float(described["level"]))
        calibration = PlattCalibration(**structure["calibration"])
        return Ensemble(members, calibration, interval, float(structure["threshold"]))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise BundleError("The bundle's estimators do not fit their description; it is damaged.") from error


def _member(member: Member, key: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    models = {name: score_to_parts(score, f"{key}/{name}", arrays) for name, score in member.scores.items()}
    return {"final": member.final, "inner_auc": dict(member.inner_auc), "models": models}


def _read_member(content: Mapping[str, Any], key: str, arrays: Mapping[str, np.ndarray]) -> Member:
    scores: dict[str, CaseScore] = {
        name: score_from_parts(model, f"{key}/{name}", arrays) for name, model in content["models"].items()
    }
    if content["final"] not in scores:
        raise BundleError("The bundle's final model is not among its models; it is damaged.")
    return Member(scores, content["final"], content["inner_auc"])


def _platt(calibration: PlattCalibration) -> dict[str, float]:
    return {"slope": calibration.slope, "intercept": calibration.intercept}
