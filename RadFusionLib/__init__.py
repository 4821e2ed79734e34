"""RadFusion: from a liver scan and a drawn tumour to a calibrated, explained risk.

Research use only. Not a medical device. Must not inform diagnosis or treatment.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_LAZY = {
    "Bundle": "RadFusionLib.bundle",
    "Case": "RadFusionLib.case",
    "Recipe": "RadFusionLib.recipe",
    "evaluate": "RadFusionLib.workflow",
    "predict": "RadFusionLib.workflow",
    "train": "RadFusionLib.workflow",
}

__all__ = ["Bundle", "Case", "Recipe", "__version__", "evaluate", "predict", "train"]


def __getattr__(name: str) -> Any:
    # Public names are found on first use, so that importing the package stays cheap.
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
