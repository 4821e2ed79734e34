"""A fitted model as plain JSON and named arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from RadFusionLib.errors import BundleError
from RadFusionLib.fusion.case_score import CaseScore
from RadFusionLib.fusion.feature_score import FeatureScore
from RadFusionLib.fusion.linear_score import LinearScore
from RadFusionLib.fusion.network_score import NetworkScore
from RadFusionLib.fusion.scores import score_from_parts as classifier_from_parts
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.fusion.transforms import Transform, transform_from_parts

__all__ = ["score_from_parts", "score_to_parts"]

LINEAR = ("mean", "scale", "weight")
DEEPEST = 8
"""Stacks on stacks; more is no recipe."""


def score_to_parts(score: CaseScore, key: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Describe a score, its arrays put into ``arrays`` under ``key``."""
    if isinstance(score, LinearScore):
        _put(key, {part: np.asarray(getattr(score, part), dtype=np.float64) for part in LINEAR}, arrays)
        return {"kind": "linear", "features": list(score.features), "intercept": score.intercept}
    if isinstance(score, FeatureScore):
        transforms = []
        for number, transform in enumerate(score.transforms):
            structure, parts = transform.to_parts()
            _put(f"{key}/transform/{number}", parts, arrays)
            transforms.append(structure)
        classifier, parts = score.classifier.to_parts()
        _put(f"{key}/classifier", parts, arrays)
        return {
            "kind": "pipeline",
            "features": list(score.features),
            "transforms": transforms,
            "classifier": classifier,
        }
    if isinstance(score, StackedScore):
        classifier, parts = score.classifier.to_parts()
        _put(f"{key}/classifier", parts, arrays)
        return {
            "kind": "stack",
            "signatures": {n: score_to_parts(s, f"{key}/{n}", arrays) for n, s in score.signatures.items()},
            "order": list(score.signatures),
            "clinical": list(score.clinical),
            "classifier": classifier,
        }
    if isinstance(score, NetworkScore):
        structure, parts = score.to_parts()
        _put(key, parts, arrays)
        return {"kind": "network", **structure}
    raise TypeError(f"There is no description of a {type(score).__name__}.")


def score_from_parts(
    content: Mapping[str, Any], key: str, arrays: Mapping[str, np.ndarray], depth: int = 0
) -> CaseScore:
    """Take back what :func:`score_to_parts` gave.

    Raises
    ------
    BundleError
        When the kind is not allowed, or description and arrays do not fit each other.
    """
    kind = content["kind"]
    if kind == "linear":
        return _linear(content, key, arrays)
    if kind == "pipeline":
        return _pipeline(content, key, arrays)
    if kind == "stack" and depth < DEEPEST:
        signatures = {
            str(n): score_from_parts(content["signatures"][n], f"{key}/{n}", arrays, depth + 1)
            for n in content["order"]
        }
        clinical = tuple(map(str, content["clinical"]))
        width = len(signatures) + len(clinical)
        classifier = classifier_from_parts(content["classifier"], _under(f"{key}/classifier", arrays))
        if classifier.n_features != width:
            raise BundleError("A stack of the bundle does not fit its inputs; it is damaged.")
        return StackedScore(signatures, clinical, classifier)
    if kind == "network":
        return NetworkScore.from_parts(content, _under(key, arrays))
    raise BundleError(f"The bundle has a model of the kind {kind!r}, which is not allowed.")


def _linear(content: Mapping[str, Any], key: str, arrays: Mapping[str, np.ndarray]) -> LinearScore:
    features = tuple(map(str, content["features"]))
    parts = [arrays[f"{key}/{part}"] for part in LINEAR]
    if any(p.shape != (len(features),) or not np.isfinite(p).all() for p in parts):
        raise BundleError("A model of the bundle has arrays of a wrong shape; it is damaged.")
    return LinearScore(features, parts[0], parts[1], parts[2], float(content["intercept"]))


def _pipeline(content: Mapping[str, Any], key: str, arrays: Mapping[str, np.ndarray]) -> FeatureScore:
    features = tuple(map(str, content["features"]))
    width = len(features)
    transforms: list[Transform] = []
    for number, structure in enumerate(content["transforms"]):
        transforms.append(transform_from_parts(structure, _under(f"{key}/transform/{number}", arrays), width))
        width = transforms[-1].width
    classifier = classifier_from_parts(content["classifier"], _under(f"{key}/classifier", arrays))
    if classifier.n_features != width:
        raise BundleError("A classifier of the bundle does not fit its features; it is damaged.")
    return FeatureScore(features, tuple(transforms), classifier)


def _put(key: str, parts: Mapping[str, np.ndarray], arrays: dict[str, np.ndarray]) -> None:
    for name, array in parts.items():
        arrays[f"{key}/{name}"] = np.ascontiguousarray(array)


def _under(key: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    start = key + "/"
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
