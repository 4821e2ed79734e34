"""A fitted network as JSON and arrays, and back: no pickle, no code, nothing taken on trust."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from RadFusionLib.deep.checkpoint import content_sha256
from RadFusionLib.deep.networks import NETWORKS, build_classifier
from RadFusionLib.deep.training import TrainingSettings
from RadFusionLib.errors import BundleError, InputError

__all__ = ["PARAMETERS", "read_parameters", "read_record", "read_tensors"]

PARAMETERS = ("network", "fine_tune", "flips", "quarter_turns", "crop", "resize", "normalisation", "settle")
"""What of a classifier's parameters decides its probabilities and its fit, beside the training."""

_RECORD = ("kind", "training", "classes", "weights_source", "history", "sha256")
_CHOICES = {"network": tuple(NETWORKS), "fine_tune": ("all", "classifier"), "normalisation": ("none", "imagenet")}
_LARGEST_EDGE = 4096


def read_parameters(structure: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Check a structure and return the classifier's parameters, the training included.

    Raises
    ------
    BundleError
        When anything is missing, unknown, or not of its type.
    """
    if not isinstance(structure, Mapping) or set(structure) != {*PARAMETERS, *_RECORD}:
        raise _damaged("its description lacks a part, or has one too many")
    if structure["kind"] != kind:
        raise BundleError(f"The bundle's network is a {structure['kind']!r} where a {kind!r} is wanted; it is damaged.")
    for name, choices in _CHOICES.items():
        if structure[name] not in choices:
            raise _damaged(f"its {name} is not known")
    for name in ("flips", "quarter_turns", "settle"):
        if not isinstance(structure[name], bool):
            raise _damaged(f"its {name} is not true or false")
    for name in ("crop", "resize"):
        edge = structure[name]
        if edge is not None and (isinstance(edge, bool) or not isinstance(edge, int) or not 1 <= edge <= _LARGEST_EDGE):
            raise _damaged(f"its {name} is no edge of an image")
    if structure["normalisation"] == "imagenet" and NETWORKS[structure["network"]].channels != 3:
        raise _damaged("its normalisation does not fit its network")
    training = structure["training"]
    if not isinstance(training, Mapping) or set(training) != {field.name for field in fields(TrainingSettings)}:
        raise _damaged("its training's settings are not complete")
    try:
        settings = TrainingSettings(**training)
    except (InputError, TypeError) as error:
        raise _damaged("its training's settings cannot be") from error
    return {**{name: structure[name] for name in PARAMETERS}, "training": settings}


def read_record(structure: Mapping[str, Any]) -> tuple[np.ndarray, str, list[dict[str, float | None]]]:
    """Check and return classes, source of the initial weights, and figures by epoch.

    Raises
    ------
    BundleError
        As :func:`read_parameters`.
    """
    classes, source, history = structure["classes"], structure["weights_source"], structure["history"]
    if (
        not isinstance(classes, list)
        or len(classes) != 2
        or not (all(type(c) is int for c in classes) or all(type(c) is str for c in classes))
        or not classes[0] < classes[1]
        or not all(-(2**31) <= c < 2**31 for c in classes if type(c) is int)
    ):
        raise _damaged("its classes are not two labels in order")
    if not isinstance(source, str):
        raise _damaged("the source of its weights is not a word")
    if not isinstance(history, list) or not all(isinstance(row, Mapping) and _is_figures(row) for row in history):
        raise _damaged("the record of its training is not made of numbers")
    return np.asarray(classes), source, [dict(row) for row in history]


def read_tensors(network: str, arrays: Mapping[str, np.ndarray], sha256: Any) -> dict[str, np.ndarray]:
    """Check that arrays are exactly a network's of two classes, and return them.

    Raises
    ------
    BundleError
        When a name, shape, type or value is wrong, or the hash differs.
    """
    import torch

    with torch.device("meta"):
        state = build_classifier(network).state_dict()
    expected = {name: tuple(tensor.shape) for name, tensor in state.items() if tensor.is_floating_point()}
    if not isinstance(arrays, Mapping) or set(arrays) != set(expected):
        raise _damaged("its arrays are not those of its network")
    for name, shape in expected.items():
        values = arrays[name]
        if not isinstance(values, np.ndarray) or values.shape != shape or values.dtype != np.float32:
            raise _damaged(f"its array {name} has a wrong shape or type")
        if not np.isfinite(values).all() or (name.endswith("running_var") and values.min() < 0):
            raise _damaged(f"its array {name} has values that cannot be")
    tensors = {name: np.array(arrays[name]) for name in expected}
    if content_sha256(tensors) != sha256:
        raise _damaged("its arrays are not those that were described")
    return tensors


def _is_figures(row: Mapping[str, Any]) -> bool:
    return all(
        isinstance(name, str)
        and (value is None or (isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)))
        for name, value in row.items()
    )


def _damaged(what: str) -> BundleError:
    return BundleError(f"The bundle's network cannot be used, for {what}; it is damaged.")
