"""Two contours of one tumour side by side, and two readings of several cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.evaluation.dice import dice
from RadFusionLib.evaluation.reading_agreement import ReadingAgreement, reading_agreement
from RadFusionLib.explain.labels import readable
from RadFusionLib.imaging import mask_on_grid

__all__ = ["ContourPair", "ReadingPair", "agreement_lines", "agreement_of", "pair_contours", "pair_lines"]

NAMED = 3
"""Features named of those that agree least."""


@dataclass(frozen=True)
class ContourPair:
    """How two contours of one tumour agree.

    Parameters
    ----------
    dice : float
        In [0, 1].
    first_ml, second_ml : float
        Volumes.
    """

    dice: float
    first_ml: float
    second_ml: float


@dataclass(frozen=True)
class ReadingPair:
    """What two contours of one case mean for its risk.

    Parameters
    ----------
    case : str
        Its id.
    contours : ContourPair
        How they agree.
    risks : tuple of float
        By the first and the second contour, in [0, 1].
    threshold : float
        Where the risk groups part.
    features : mapping of str to tuple of float
        Both values of every image feature that the risk depends on.
    """

    case: str
    contours: ContourPair
    risks: tuple[float, float]
    threshold: float
    features: Mapping[str, tuple[float, float]]

    @property
    def groups(self) -> tuple[str, str]:
        """Of both risks."""
        first, second = ("high" if risk >= self.threshold else "low" for risk in self.risks)
        return first, second


def pair_contours(first: Volume, second: Volume) -> ContourPair:
    """Compare two tumour masks on the first one's grid.

    Raises
    ------
    InputError
        When the second lies outside that grid, or both are empty.
    """
    moved, _ = mask_on_grid(second, first, "second reader's tumor mask")
    voxel = first.geometry.voxel_volume / 1000.0
    volumes = float(first.array.sum()) * voxel, float(moved.array.sum()) * voxel
    return ContourPair(dice(first.array, moved.array), *volumes)


def agreement_of(reading: str, pairs: Sequence[ReadingPair]) -> ReadingAgreement:
    """Return the agreement of two readings over cases, feature by feature."""
    names = sorted(set.intersection(*({*pair.features} for pair in pairs)))
    values = np.array([[[pair.features[n][k] for n in names] for k in (0, 1)] for pair in pairs])
    return reading_agreement(
        reading,
        np.array([pair.risks for pair in pairs]),
        pairs[0].threshold,
        names,
        values.reshape(len(pairs), 2, len(names)),
        [pair.contours.dice for pair in pairs],
    )


def pair_lines(reading: str, pair: ReadingPair) -> list[str]:
    """Return what is said of one case: here is the contour as it is drawn."""
    contours = pair.contours
    change = 100 * (contours.second_ml - contours.first_ml) / contours.first_ml if contours.first_ml else float("nan")
    first, second = (100 * risk for risk in pair.risks)
    lines = [
        f"Dice {contours.dice:.3f}",
        f"Volume {contours.first_ml:.1f} ml here, {contours.second_ml:.1f} ml by reading {reading} ({change:+.0f} %)",
        f"Risk {first:.1f} % here, {second:.1f} % by reading {reading} ({second - first:+.1f} points)",
    ]
    here, there = pair.groups
    if here != there:
        lines.append(f"The group changes: {here} here, {there} by reading {reading}.")
    return lines


def agreement_lines(name: str, agreement: ReadingAgreement) -> list[str]:
    """Return what is said of several cases by reading ``name`` too; of a single one, why its features have no ICC."""
    if agreement.cases < 2:
        return ["The ICC of a feature takes two cases at least; compare more cases, or all of them."]
    lines = [f"Over {agreement.cases} cases by reading {name}: median Dice {float(np.median(agreement.dice)):.3f}"]
    if agreement.risk is not None:
        risk = agreement.risk.estimate
        lines.append(f"ICC of the risk {risk.value:.2f} ({risk.low:.2f} to {risk.high:.2f})")
    known = {feature: value for feature, value in agreement.features.items() if np.isfinite(value)}
    if known:
        below = len(known) - agreement.reproducible
        lines.append(f"{below} of {len(known)} image features of the model have an ICC below 0.75")
        if len(known) < len(agreement.features):
            lines.append(f"{len(agreement.features) - len(known)} more never vary, and have none")
        least = sorted(known, key=lambda feature: known[feature])[:NAMED]
        lines.append("Least: " + "; ".join(f"{readable(feature)}: {known[feature]:.2f}" for feature in least))
    if agreement.group is not None:
        lines.append(f"Kappa of the risk group {agreement.group.estimate.value:.2f}")
    return [*lines, *agreement.notes]
