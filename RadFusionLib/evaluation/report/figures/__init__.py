"""The figures of a report, each as SVG text."""

from RadFusionLib.evaluation.report.figures.calibration import calibration_figure
from RadFusionLib.evaluation.report.figures.decision import decision_figure
from RadFusionLib.evaluation.report.figures.forest import forest_figure
from RadFusionLib.evaluation.report.figures.histogram import histogram_figure
from RadFusionLib.evaluation.report.figures.roc import roc_figure
from RadFusionLib.evaluation.report.figures.survival import survival_figure

__all__ = [
    "calibration_figure",
    "decision_figure",
    "forest_figure",
    "histogram_figure",
    "roc_figure",
    "survival_figure",
]
