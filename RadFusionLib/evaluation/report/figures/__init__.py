"""The figures of a report, each as SVG text."""

from RadFusionLib.evaluation.report.figures.beeswarm import beeswarm_figure
from RadFusionLib.evaluation.report.figures.calibration import calibration_figure
from RadFusionLib.evaluation.report.figures.correlation import correlation_figure
from RadFusionLib.evaluation.report.figures.decision import decision_figure
from RadFusionLib.evaluation.report.figures.forest import forest_figure
from RadFusionLib.evaluation.report.figures.histogram import histogram_figure
from RadFusionLib.evaluation.report.figures.history import history_figure
from RadFusionLib.evaluation.report.figures.lasso import lasso_figure
from RadFusionLib.evaluation.report.figures.model_curves import model_curves_figure
from RadFusionLib.evaluation.report.figures.nomogram import nomogram_figure
from RadFusionLib.evaluation.report.figures.roc import roc_figure
from RadFusionLib.evaluation.report.figures.survival import survival_figure

__all__ = [
    "beeswarm_figure",
    "calibration_figure",
    "correlation_figure",
    "decision_figure",
    "forest_figure",
    "histogram_figure",
    "history_figure",
    "lasso_figure",
    "model_curves_figure",
    "nomogram_figure",
    "roc_figure",
    "survival_figure",
]
