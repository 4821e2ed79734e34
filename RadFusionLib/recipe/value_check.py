"""Check that every value of a recipe is of the kind, and in the range, that the rest of RadFusion takes for granted.

A recipe may come from a stranger: a text where a number belongs must become a sentence, not a fault in the middle of
a run, and a number must not ask for more memory or time than any study needs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from RadFusionLib.errors import RecipeError

__all__ = ["check_values"]

WHOLE = {
    "version": (0, 1_000_000),
    "folds.outer": (2, 100),
    "folds.inner": (2, 100),
    "interval.refits": (2, 10_000),
    "dlr.size": (8, 512),
    "cr.bin_count": (1, 100_000),
}
"""Whole numbers, with the least and the most."""

POSITIVE = {
    "interval.level": 1.0,
    "imaging.normalisation.scale": math.inf,
    "regions.shell.margin_mm": 100.0,
    "heatmap.neighbourhood_mm": 1000.0,
    "heatmap.stride_mm": 1000.0,
}
"""Positive numbers, with what they must lie below."""

TEXTS = ("name", "title", "source", "threshold", "outcome.name", "outcome.positive", "imaging.reference_phase")
WORDS = ("imaging.phases", "final.candidates")
"""Lists of words."""

MODEL_TEXTS = ("name", "network", "clinical")
MODEL_WORDS = ("families", "regions", "phases", "variables", "aggregate", "stack")
FINEST = 0.05
"""mm; the least voxel size that features may be taken at, but for 0, which keeps a slice's own."""


def check_values(document: Mapping[str, Any], where: str) -> None:
    """Check the kinds and ranges of a normalised document's values.

    Raises
    ------
    RecipeError
        Which names the entry, with ``where`` at the head of its sentence.
    """
    for key in TEXTS:
        _text(_at(document, key), key, where)
    if document["name"] and not _is_name(document["name"]):
        raise RecipeError(f"{where} needs a name of letters, digits, '.', '_', '+' and '-', up to 100 of them.")
    for key in WORDS:
        _words(_at(document, key), key, where)
    for key, (least, most) in WHOLE.items():
        value = _at(document, key)
        if value is not None and not (type(value) is int and least <= value <= most):
            raise RecipeError(f"{where}: {key} is {value!r}; give a whole number from {least} to {most}.")
    for key, high in POSITIVE.items():
        value = _at(document, key)
        if value is not None and not (_is_number(value) and 0 < value < high):
            limit = "" if high == math.inf else f" below {high:g}"
            raise RecipeError(f"{where}: {key} is {value!r}; give a positive number{limit}.")
    spacing = _at(document, "cr.spacing")
    if spacing is not None and not (
        isinstance(spacing, list) and all(_is_number(s) and (s == 0 or s >= FINEST) for s in spacing)
    ):
        raise RecipeError(f"{where}: cr.spacing is {spacing!r}; give three lengths in mm, each 0 or at least {FINEST}.")
    for entry in document["models"]:
        if isinstance(entry, Mapping):
            _check_model(entry, where)


def _check_model(entry: Mapping[str, Any], where: str) -> None:
    for key in MODEL_TEXTS:
        _text(entry.get(key, ""), f"a model's {key}", where)
    for key in MODEL_WORDS:
        _words(entry.get(key, []), f"a model's {key}", where)
    if not isinstance(entry.get("steps") or [], list):
        raise RecipeError(f"{where}: a model's steps are {entry['steps']!r}; give a list.")


def _at(document: Mapping[str, Any], key: str) -> Any:
    """The value under a dotted key; None where there is none."""
    value: Any = document
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _is_name(text: str) -> bool:
    return len(text) <= 100 and all(c.isalnum() or c in "._+-" for c in text)


def _text(value: Any, key: str, where: str) -> None:
    if value is not None and not isinstance(value, str):
        raise RecipeError(f"{where}: {key} is {value!r}; give a text, in quotation marks where it looks like a number.")


def _words(value: Any, key: str, where: str) -> None:
    if value is not None and not (isinstance(value, list) and all(isinstance(word, str) for word in value)):
        raise RecipeError(f"{where}: {key} is {value!r}; give a list of words.")
