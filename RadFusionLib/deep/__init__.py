"""Deep radiomics (DLR): regions, slices and patches through networks, to features or to probabilities.

Importing this package imports neither torch nor MONAI; they are imported where they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Bound now, not on first use: the function bears its file's name, and would else be hidden by the submodule.
from RadFusionLib.deep.region_input import RegionInput, prepare_region, region_input

_LAZY = {
    "NETWORKS": "networks",
    "JoinedPatches": "patches",
    "NetworkClassifier": "network_classifier",
    "NetworkSpec": "networks",
    "PatchNetworkClassifier": "patch_classifier",
    "PatchSettings": "patches",
    "Patches": "patches",
    "RegionNetworkClassifier": "region_classifier",
    "SliceInput": "slices",
    "SliceNetworkClassifier": "slice_classifier",
    "SliceSettings": "slices",
    "TrainingSettings": "training",
    "Weights": "checkpoint",
    "WeightsStore": "weights_store",
    "build": "networks",
    "content_sha256": "checkpoint",
    "extract": "features",
    "extract_patches": "patches",
    "feature_names": "features",
    "load_weights": "checkpoint",
    "network_spec": "networks",
    "prepare_slice": "slices",
    "pretrain_compact": "pretraining",
    "random_weights": "checkpoint",
    "resolve_weights": "weights_store",
    "save_weights": "checkpoint",
    "slice_input": "slices",
}

__all__ = ["RegionInput", "prepare_region", "region_input", *_LAZY]


def __getattr__(name: str) -> Any:
    # Found on first use, so that importing the package stays cheap.
    if name in _LAZY:
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
