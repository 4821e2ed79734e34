"""Selection and harmonisation of features: scikit-learn's contract, each fitted inside the training folds."""

from RadFusionLib.selection.backward import BackwardPath, backward_by_aic
from RadFusionLib.selection.clinical import ClinicalSelection
from RadFusionLib.selection.correlation import CorrelationFilter
from RadFusionLib.selection.elimination import LinearElimination
from RadFusionLib.selection.harmonisation import ScannerHarmonisation
from RadFusionLib.selection.informative import InformativeFeatures
from RadFusionLib.selection.lasso import LassoSelection
from RadFusionLib.selection.logistic import LogisticFit, fit_logistic
from RadFusionLib.selection.redundancy import RelevanceRedundancySelection
from RadFusionLib.selection.reproducibility import ReproducibilityFilter
from RadFusionLib.selection.univariate import UnivariateFilter

__all__ = [
    "BackwardPath",
    "ClinicalSelection",
    "CorrelationFilter",
    "InformativeFeatures",
    "LassoSelection",
    "LinearElimination",
    "LogisticFit",
    "RelevanceRedundancySelection",
    "ReproducibilityFilter",
    "ScannerHarmonisation",
    "UnivariateFilter",
    "backward_by_aic",
    "fit_logistic",
]
