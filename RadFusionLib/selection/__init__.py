"""Feature selection: estimators with scikit-learn's contract, each fitted inside the training folds."""

from RadFusionLib.selection.clinical import ClinicalSelection
from RadFusionLib.selection.correlation import CorrelationFilter
from RadFusionLib.selection.elimination import LinearElimination
from RadFusionLib.selection.informative import InformativeFeatures

__all__ = ["ClinicalSelection", "CorrelationFilter", "InformativeFeatures", "LinearElimination"]
