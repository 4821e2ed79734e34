"""An ensemble as arrays and plain JSON, and back: no pickle, no code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from RadFusionLib.errors import BundleError
from RadFusionLib.fusion import Ensemble, HalfSampleInterval, LinearScore, Member, PlattCalibration

__all__ = ["ensemble_from_parts", "ensemble_to_parts"]

ARRAYS = ("mean", "scale", "weight")


def ensemble_to_parts(ensemble: Ensemble) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Split an ensemble into a JSON structure and named arrays."""
    arrays: dict[str, np.ndarray] = {}
    halves = [
        [{"member": _member(m, f"half/{i}/{j}", arrays), "calibration": _platt(c)} for j, (m, c) in enumerate(pair)]
        for i, pair in enumerate(ensemble.interval.pairs)
    ]
    structure = {
        "members": [_member(m, f"member/{i}", arrays) for i, m in enumerate(ensemble.members)],
        "calibration": _platt(ensemble.calibration),
        "interval": {"level": ensemble.interval.level, "pairs": halves},
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
        pairs = tuple(
            tuple(
                (_read_member(side["member"], f"half/{i}/{j}", arrays), PlattCalibration(**side["calibration"]))
                for j, side in enumerate(pair)
            )
            for i, pair in enumerate(structure["interval"]["pairs"])
        )
        interval = HalfSampleInterval(pairs, float(structure["interval"]["level"]))  # type: ignore[arg-type]
        calibration = PlattCalibration(**structure["calibration"])
        return Ensemble(members, calibration, interval, float(structure["threshold"]))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BundleError("The bundle's estimators do not fit their description; it is damaged.") from error


def _member(member: Member, key: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    models = {}
    for name, score in member.scores.items():
        for part in ARRAYS:
            arrays[f"{key}/{name}/{part}"] = np.asarray(getattr(score, part), dtype=np.float64)
        models[name] = {"kind": "linear", "features": list(score.features), "intercept": score.intercept}
    return {"final": member.final, "inner_auc": dict(member.inner_auc), "models": models}


def _read_member(content: Mapping[str, Any], key: str, arrays: Mapping[str, np.ndarray]) -> Member:
    scores = {}
    for name, model in content["models"].items():
        if model["kind"] != "linear":
            raise BundleError(f"The bundle has a model of the kind {model['kind']!r}, which is not allowed.")
        parts = [arrays[f"{key}/{name}/{part}"] for part in ARRAYS]
        if any(p.shape != (len(model["features"]),) or not np.isfinite(p).all() for p in parts):
            raise BundleError(f"The bundle's model {name} has arrays of a wrong shape; it is damaged.")
        scores[name] = LinearScore(tuple(model["features"]), parts[0], parts[1], parts[2], float(model["intercept"]))
    if content["final"] not in scores:
        raise BundleError("The bundle's final model is not among its models; it is damaged.")
    return Member(scores, content["final"], content["inner_auc"])


def _platt(calibration: PlattCalibration) -> dict[str, float]:
    return {"slope": calibration.slope, "intercept": calibration.intercept}
