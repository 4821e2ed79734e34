"""A member's fitted model as parts of named inputs, however its models are stacked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from RadFusionLib.explain.score_parts import parts_of
from RadFusionLib.explain.shapley import FunctionPart, LinearPart, LogisticPart, Part
from RadFusionLib.fusion.case_score import CaseScore
from RadFusionLib.fusion.feature_score import FeatureScore
from RadFusionLib.fusion.linear_score import LinearScore as StandardisedScore
from RadFusionLib.fusion.network_score import NetworkScore
from RadFusionLib.fusion.scores import LinearScore
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.fusion.transforms import Harmonised, Projected, Standardised, Transform

__all__ = ["Input", "ModelParts", "model_parts"]

Values = Callable[[FeatureTable], np.ndarray]


@dataclass(frozen=True, eq=False)
class Input:
    """One input that a risk is attributed to, as one number a case.

    Parameters
    ----------
    name : str
        A feature; ``<phase>_<region>_dlr`` for deep features that principal components have mixed; a network's or a
        model's name where no more can be told apart.
    values : callable
        From a table of n cases to shape (n,).
    background : callable
        The same for made-up cases, which have no images and come from no scanner.
    key : object
        Inputs of one name and key are the same; a harmonised feature is a model's own.
    """

    name: str
    values: Values
    background: Values
    key: object = None


@dataclass(frozen=True, eq=False)
class ModelParts:
    """A model's inputs, and what it makes of them.

    Parameters
    ----------
    inputs : tuple of Input
        The parts number them from 0.
    score : tuple of Part
        Add up to the model's score.
    signature : tuple of Part
        Add up to its signature in [0, 1].
    """

    inputs: tuple[Input, ...]
    score: tuple[Part, ...]
    signature: tuple[Part, ...]


def model_parts(score: CaseScore, name: str) -> ModelParts:
    """Take a fitted model apart.

    Parameters
    ----------
    score : CaseScore
        Of a member.
    name : str
        The model's name, for what cannot be told apart.
    """
    if isinstance(score, NetworkScore):
        return _network(score)
    if isinstance(score, StandardisedScore):
        part = LinearPart(_places(score.features), score.weight / score.scale, score.intercept)
        part = replace(part, intercept=score.intercept - float(part.weight @ score.mean))
        return ModelParts(tuple(map(_feature, score.features)), (part,), (LogisticPart((part,)),))
    if isinstance(score, FeatureScore):
        return _pipeline(score, name)
    if isinstance(score, StackedScore):
        return _stack(score, name)
    return _whole(score, name)


def _network(score: NetworkScore) -> ModelParts:
    one = Input(score.network, score.score, lambda table: np.full(len(table.cases), score.mean), key=id(score))
    part = LinearPart((0,), np.ones(1))
    return ModelParts((one,), (part,), (part,))


def _pipeline(score: FeatureScore, name: str) -> ModelParts:
    last = max((n for n, t in enumerate(score.transforms) if isinstance(t, Harmonised)), default=-1)
    before, after = score.transforms[: last + 1], score.transforms[last + 1 :]
    linear = isinstance(score.classifier, LinearScore)
    if any(isinstance(t, Projected) for t in score.transforms):
        if linear and not any(isinstance(t, Projected) for t in before):
            return _projected(score, before, after)
        return _whole(score, name)
    mean, scale = np.zeros(len(score.features)), np.ones(len(score.features))
    for transform in after:
        assert isinstance(transform, Standardised)
        mean, scale = mean + scale * transform.mean, scale * transform.scale
    inputs = tuple(_harmonised(score, before, n) if before else _feature(f) for n, f in enumerate(score.features))
    parts = parts_of(score.classifier, None, mean, scale, log_odds=linear)
    signature = parts if not linear and score.classifier.scale == "probability" else (LogisticPart(parts),)
    return ModelParts(inputs, parts, signature)


def _projected(score: FeatureScore, before: Sequence[Transform], after: Sequence[Transform]) -> ModelParts:
    """Principal components mix features: those of one phase and region are one input, their addend to the sum."""
    assert isinstance(score.classifier, LinearScore)
    weight, intercept = score.classifier.weight, score.classifier.intercept
    for transform in reversed(after):
        if isinstance(transform, Projected):
            weight = weight @ transform.axes
        elif isinstance(transform, Standardised):
            weight = weight / transform.scale
        intercept -= float(weight @ transform.mean)  # type: ignore[attr-defined]
    groups: dict[str, list[int]] = {}
    for column, feature in enumerate(score.features):
        groups.setdefault(_group(feature), []).append(column)

    def addend(columns: list[int], transforms: Sequence[Transform]) -> Values:
        return lambda table: _through(transforms, score.features, table)[:, columns] @ weight[columns]

    inputs = tuple(
        Input(group, addend(columns, before), addend(columns, ()), key=id(score)) for group, columns in groups.items()
    )
    part = LinearPart(_places(inputs), np.ones(len(inputs)), intercept)
    return ModelParts(inputs, (part,), (LogisticPart((part,)),))


def _stack(score: StackedScore, name: str) -> ModelParts:
    inner = [model_parts(one, label) for label, one in score.signatures.items()]
    inputs: list[Input] = []
    placed: list[tuple[Part, ...]] = []
    for model in inner:
        columns = [_place(inputs, one) for one in model.inputs]
        placed.append(tuple(_moved(part, columns) for part in model.signature))
    clinical = tuple(_place(inputs, _feature(feature)) for feature in score.clinical)
    names = [one.name for one in inputs]
    if len(set(names)) < len(names):
        return _whole(score, name)
    classifier = score.classifier
    if isinstance(classifier, LinearScore):
        weight = classifier.weight[len(placed) :]
        sum_ = [LinearPart(clinical, weight, classifier.intercept)]
        parts: tuple[Part, ...] = tuple(sum_)
        for own, share in zip(placed, classifier.weight, strict=False):
            parts += tuple(part.scaled(float(share)) for part in own)
        return ModelParts(tuple(inputs), parts, (LogisticPart(parts),))

    def of_inputs(rows: np.ndarray) -> np.ndarray:
        signatures = [sum(part.evaluate(rows[:, list(part.columns)]) for part in own) for own in placed]
        return classifier.score(np.column_stack([*signatures, rows[:, list(clinical)]]))

    function = FunctionPart(_places(inputs), of_inputs)
    if classifier.scale == "probability":
        return ModelParts(tuple(inputs), (function,), (function,))
    return ModelParts(tuple(inputs), (function,), (LogisticPart((function,)),))


def _whole(score: CaseScore, name: str) -> ModelParts:
    """One input: what the model says."""
    one = Input(name, score.score, score.score, key=id(score))
    part = LinearPart((0,), np.ones(1))
    return ModelParts((one,), (part,), (FunctionPart((0,), lambda rows: expit(rows[:, 0])),))


def _feature(name: str) -> Input:
    def values(table: FeatureTable) -> np.ndarray:
        return table.columns([name])[:, 0]

    return Input(name, values, values)


def _harmonised(score: FeatureScore, before: Sequence[Transform], place: int) -> Input:
    name = score.features[place]

    def values(table: FeatureTable) -> np.ndarray:
        return _through(before, score.features, table)[:, place]

    # Training's own spread is what harmonising aims at, so that made-up cases are harmonised as they are.
    return Input(name, values, _feature(name).background, key=id(score))


def _through(transforms: Sequence[Transform], features: Sequence[str], table: FeatureTable) -> np.ndarray:
    X = table.columns(features)
    for transform in transforms:
        X = transform.apply(X, table.scanners)
    return X


def _group(feature: str) -> str:
    head, dlr, _ = feature.partition("_dlr_")
    return f"{head}_dlr" if dlr else feature


def _place(inputs: list[Input], one: Input) -> int:
    """Where an input stands among those that are there already, or behind them."""
    for number, other in enumerate(inputs):
        if (other.name, other.key) == (one.name, one.key):
            return number
    inputs.append(one)
    return len(inputs) - 1


def _places(inputs: Sequence[object]) -> tuple[int, ...]:
    return tuple(range(len(inputs)))


def _moved(part: Part, columns: Sequence[int]) -> Part:
    """The same part of inputs that stand elsewhere."""
    if isinstance(part, LogisticPart):
        return replace(part, parts=tuple(_moved(inner, columns) for inner in part.parts))
    return replace(part, columns=tuple(columns[c] for c in part.columns))  # type: ignore[type-var]
