"""Why this risk: Shapley values, nomograms, heatmaps, and pictures of all of them.

A score's parts (:func:`~RadFusionLib.explain.score_parts.parts_of`), the maps of a network and the drawings are in
their own modules, which import more.
"""

from RadFusionLib.explain.heatmap import KINDS, LEGEND, SENTINEL, Heatmap, HeatmapKind, HeatmapLook
from RadFusionLib.explain.labels import readable
from RadFusionLib.explain.neighbourhoods import Neighbourhoods
from RadFusionLib.explain.nomogram import Nomogram, NomogramVariable
from RadFusionLib.explain.shapley import (
    FunctionPart,
    KernelPart,
    LinearPart,
    LogisticPart,
    Part,
    ShapleyValues,
    TreePart,
    shapley_values,
)

__all__ = [
    "KINDS",
    "LEGEND",
    "SENTINEL",
    "FunctionPart",
    "Heatmap",
    "HeatmapKind",
    "HeatmapLook",
    "KernelPart",
    "LinearPart",
    "LogisticPart",
    "Neighbourhoods",
    "Nomogram",
    "NomogramVariable",
    "Part",
    "ShapleyValues",
    "TreePart",
    "readable",
    "shapley_values",
]
