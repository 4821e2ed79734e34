"""Feature names that a reader understands."""

from __future__ import annotations

import re

from RadFusionLib.fusion.table import CLINICAL, family_of

__all__ = ["readable"]

CLASSES = {"firstorder": "first-order", "shape": "shape"}
IMAGES = {"squareroot": "square root", "lbp-2D": "2D binary pattern"}


def readable(name: str) -> str:
    """``HBP_shell_wavelet-LHL_glszm_ZoneEntropy`` becomes ``HBP, shell: GLSZM zone entropy, wavelet LHL``."""
    if family_of(name) == "clinical":
        return name.removeprefix(CLINICAL)
    phase, region, rest = name.split("_", 2)
    if rest.startswith("dlr_"):
        return f"{phase}, {region}: deep feature {rest.removeprefix('dlr_')}"
    image, kind, feature = rest.split("_", 2)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", feature)
    words = " ".join(w if w.isupper() else w.lower() for w in words.split())
    filtered = "" if image == "original" else ", " + IMAGES.get(image, image.replace("-", " ", 1))
    return f"{phase}, {region}: {CLASSES.get(kind, kind.upper())} {words}{filtered}"
