"""The nomogram of an ensemble whose members are logistic stacks of the same inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.explain.labels import levels_of, readable
from RadFusionLib.explain.nomogram import Nomogram, NomogramVariable
from RadFusionLib.fusion.ensemble import Ensemble
from RadFusionLib.fusion.model_signatures import turned_round
from RadFusionLib.fusion.scores import LinearScore
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.fusion.table import CLINICAL

__all__ = ["stack_nomogram"]

SIGNATURE_RANGE = (0.0, 1.0)


def stack_nomogram(
    ensemble: Ensemble,
    ranges: Mapping[str, Sequence[float]],
    units: Mapping[str, str],
    outcome: str,
) -> Nomogram:
    """Average the members' coefficients and carry them through the ensemble's calibration.

    The ensemble's log-odds are the calibrated mean of the members' log-odds. For a clinical value, which all members
    share, the mean coefficient is exact; each member has a signature of its own, and with their mean as the ensemble
    weighs it (:func:`RadFusionLib.fusion.model_signatures.fused_signatures`) the nomogram's risk is the ensemble's.

    Parameters
    ----------
    ensemble : Ensemble
        Whose finals are looked at.
    ranges : mapping of str to sequence of float
        Rising values of each clinical feature among the training cases, of which the ends are drawn; a signature is
        drawn from 0 to 1.
    units : mapping of str to str
        Of the clinical variables, by name; ``0 no, 1 yes`` gives words for the values.
    outcome : str
        What the risk is of.

    Raises
    ------
    InputError
        When a member's final is no stack or not logistic, or the members' inputs differ.
    """
    stacks: list[tuple[tuple[str, ...], np.ndarray, float]] = []
    for member in ensemble.members:
        score = member.scores[member.final]
        if not isinstance(score, StackedScore):
            raise InputError(
                f"The final model {member.final} is no fusion of signatures, so there is no nomogram of it."
            )
        if not isinstance(score.classifier, LinearScore) or score.classifier.link != "logistic":
            raise InputError(f"The final model {member.final} is not logistic, so it has no nomogram.")
        stacks.append((score.inputs, score.classifier.weight, score.classifier.intercept))
    inputs = stacks[0][0]
    if any(other != inputs for other, _, _ in stacks):
        ways = len({other for other, _, _ in stacks})
        raise InputError(
            f"The {len(stacks)} members chose {ways} different sets of inputs, so no one nomogram stands for them."
        )
    calibration = ensemble.calibration
    weights = np.array([weight for _, weight, _ in stacks])
    start = float(np.mean([start for _, _, start in stacks]))
    variables = []
    for number, name in enumerate(inputs):
        if name.startswith(CLINICAL):
            variables.append(_clinical(name, calibration.slope * float(weights[:, number].mean()), ranges, units))
            continue
        turned = turned_round(weights[:, number])
        # w s = w + (-w) (1 - s)
        start += float(np.where(turned, weights[:, number], 0.0).mean())
        coefficient = calibration.slope * float(np.where(turned, -1, 1) @ weights[:, number]) / len(stacks)
        variables.append(NomogramVariable(name, readable(name), coefficient, *SIGNATURE_RANGE))
    return Nomogram(tuple(variables), calibration.intercept + calibration.slope * start, outcome)


def _clinical(
    name: str, coefficient: float, ranges: Mapping[str, Sequence[float]], units: Mapping[str, str]
) -> NomogramVariable:
    unit = units.get(name.removeprefix(CLINICAL), "")
    levels = levels_of(unit)
    if levels:
        low, high = min(value for value, _ in levels), max(value for value, _ in levels)
        return NomogramVariable(name, readable(name), coefficient, low, high, "", levels)
    return NomogramVariable(name, readable(name), coefficient, float(ranges[name][0]), float(ranges[name][-1]), unit)
