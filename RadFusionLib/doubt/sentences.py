"""What a reader is told of a case that is unlike the training cases."""

from __future__ import annotations

from collections.abc import Sequence

from RadFusionLib.doubt.appearance import STATISTICS, split_appearance

__all__ = ["appearance_sentence", "features_sentence", "likeness_sentence", "scanner_sentence", "together_sentence"]

SENTENCES = {
    "spacing": "{phase}: voxels or field of view were never seen in training; check the image's spacing",
    "size": "{phase}: the tumour is smaller, thinner or larger than those of the training cases",
    "edge": "{phase}: the tumour or its surroundings touch the edge of the image or of the liver more than in training",
    "scale": "{phase}: the scale of the intensities is unlike the training cases'; check the scanner and its rescaling",
    "look": "{phase}: the tumour and what is around it look unlike the training cases'; check phase and organ",
    "noise": "{phase}: noise or resolution are unlike the training cases'",
    "contour": (
        "{phase}: the contour does not follow the image's edges as in training; it may be shifted, or drawn on another "
        "phase or place"
    ),
    "phases": (
        "{phase}: it does not go with the reference phase as in training; check that the phases are the right ones and "
        "aligned"
    ),
}
"""By kind of statistic; each ends with the numbers that deviate most."""


def appearance_sentence(phase: str, kind: str, deviating: Sequence[tuple[str, float, float, float]]) -> str:
    """Say how a phase deviates.

    Parameters
    ----------
    phase, kind : str
        Whose, and what kind of number.
    deviating : sequence of (name, value, low, high)
        The numbers that deviate, the worst first, and the range usual in training.
    """
    name, value, low, high = deviating[0]
    statistic = STATISTICS[split_appearance(name)[1]]
    seen, lower, upper = (f"{statistic.shown(v):.3g}" for v in (value, low, high))
    return f"{SENTENCES[kind].format(phase=phase)} ({statistic.words}: {seen}, usually {lower} to {upper})."


def likeness_sentence(phase: str, other: str) -> str:
    """Say that a phase looks like another."""
    return f"{phase} looks more like {other} than like {phase} of the training cases; were phases swapped or misnamed?"


def together_sentence() -> str:
    """Say that the numbers do not go together."""
    return "The numbers that describe images and contour do not go together as in the training cases."


def features_sentence(outside: Sequence[str], count: int) -> str:
    """Say how many of the model's features lie outside."""
    return f"{len(outside)} of {count} features lie outside the range of the training cases (such as {outside[0]})."


def scanner_sentence(scanner: str) -> str:
    """Say that a scanner is new."""
    return f"The scanner {scanner} was not among those of the training cases."
