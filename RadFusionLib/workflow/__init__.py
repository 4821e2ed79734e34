"""Train, predict and evaluate: a case or a cohort through a recipe."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from RadFusionLib.workflow.preprocess import PreparedCase, PreparedPhase, prepare_case

_LAZY = {
    "CaseFeatures": "extraction",
    "Prediction": "prediction",
    "evaluate": "evaluation",
    "extract_case": "extraction",
    "extract_cohort": "cohort_extraction",
    "predict": "prediction",
    "train": "training",
}

__all__ = ["PreparedCase", "PreparedPhase", "prepare_case", *_LAZY]


def __getattr__(name: str) -> Any:
    # Found on first use: training needs scikit-learn, extraction numba and torch.
    if name in _LAZY:
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
