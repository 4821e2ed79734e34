"""Why this risk: addends of the features, heatmaps, and pictures of both."""

from RadFusionLib.explain.heatmap import KINDS, LEGEND, SENTINEL, Heatmap
from RadFusionLib.explain.labels import readable
from RadFusionLib.explain.neighbourhoods import Neighbourhoods

__all__ = ["KINDS", "LEGEND", "SENTINEL", "Heatmap", "Neighbourhoods", "readable"]
