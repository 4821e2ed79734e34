"""Names and values of features that a reader understands."""

from __future__ import annotations

import math
import re

from RadFusionLib.fusion.table import CLINICAL, family_of

__all__ = ["is_group", "levels_of", "readable", "shown", "valued"]

LEVEL = re.compile(r"(-?\d+(?:\.\d+)?) ([^,]+)")
"""A value and its word in a unit such as ``0 no, 1 yes``."""

CLASSES = {"firstorder": "first-order", "shape": "shape"}
IMAGES = {
    "squareroot": "square root",
    "lbp-2D": "2D binary pattern",
    "lbp-3D-k": "3D binary pattern, kurtosis",
}
SHORT = {
    "Id": "inverse difference",
    "Idm": "inverse difference moment",
    "Idmn": "inverse difference moment normalized",
    "Idn": "inverse difference normalized",
    "Imc1": "informational measure of correlation 1",
    "Imc2": "informational measure of correlation 2",
}
"""PyRadiomics' short names in words."""
PATTERNS = (
    (re.compile(r"log-sigma-(\d+)-(\d+)-mm-3D"), r"LoG \1.\2 mm"),
    (re.compile(r"lbp-3D-m(\d+)"), r"3D binary pattern, level \1"),
)


def readable(name: str) -> str:
    """``HBP_shell_wavelet-LHL_glszm_ZoneEntropy`` becomes ``HBP, shell: GLSZM zone entropy, wavelet LHL``.

    A name of another form, as a signature's, keeps its words.
    """
    if family_of(name) == "clinical":
        return name.removeprefix(CLINICAL).replace("_", " ")
    parts = name.split("_", 2)
    if len(parts) < 3:
        return name.replace("_", " ")
    phase, region, rest = parts
    if rest == "dlr":
        return f"{phase}, {region}: deep features together"
    if rest.startswith("dlr_"):
        return f"{phase}, {region}: deep feature {rest.removeprefix('dlr_')}"
    parts = rest.split("_", 2)
    if len(parts) < 3:
        return name.replace("_", " ")
    image, kind, feature = parts
    words = SHORT.get(feature) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", feature)
    words = " ".join(w if w.isupper() else w.lower() for w in words.split())
    filtered = "" if image == "original" else ", " + _image(image)
    return f"{phase}, {region}: {CLASSES.get(kind, kind.upper())} {words}{filtered}"


def _image(image: str) -> str:
    for pattern, words in PATTERNS:
        if pattern.fullmatch(image):
            return pattern.sub(words, image)
    return IMAGES.get(image, image.replace("-", " ", 1))


def is_group(name: str) -> bool:
    """Whether it stands for many deep features, and so has no value of its own."""
    return name.endswith("_dlr")


def levels_of(unit: str) -> tuple[tuple[float, str], ...]:
    """The values and words of a unit such as ``0 no, 1 yes``; empty for a unit of measurement."""
    return tuple((float(value), word.strip()) for value, word in LEVEL.findall(unit))


def shown(value: float) -> str:
    """A number of four digits, without a power of ten where a reader can do without: ``20000``, ``0.0412``."""
    if not math.isfinite(value):
        return "not known"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        digits = max(0, 3 - math.floor(math.log10(abs(value)))) if value else 0
        text = f"{value:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.3g}"


def valued(label: str, value: float | None, unit: str = "") -> str:
    """A label with its value in the reader's unit: ``AFP = 412 ng/mL``, ``hepatitis = yes``."""
    if value is None:
        return label
    levels = levels_of(unit)
    if levels:
        return f"{label} = {dict(levels).get(value, shown(value))}"
    return f"{label} = {shown(value)}{' ' + unit if unit and math.isfinite(value) else ''}"
