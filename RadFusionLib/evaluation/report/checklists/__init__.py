"""Reporting checklists, filled with what the software knows."""

from RadFusionLib.evaluation.record import Evaluation
from RadFusionLib.evaluation.report.checklists.answers import for_clear, for_metrics, for_tripod_ai
from RadFusionLib.evaluation.report.checklists.checklist import Checklist, FilledItem, Item, filled_csv
from RadFusionLib.evaluation.report.checklists.clear import CLEAR
from RadFusionLib.evaluation.report.checklists.metrics import METRICS
from RadFusionLib.evaluation.report.checklists.tripod_ai import TRIPOD_AI

__all__ = ["CLEAR", "METRICS", "TRIPOD_AI", "Checklist", "FilledItem", "Item", "filled_checklists", "filled_csv"]


def filled_checklists(found: Evaluation) -> dict[Checklist, tuple[FilledItem, ...]]:
    """All three checklists, filled for an evaluation."""
    return {
        TRIPOD_AI: TRIPOD_AI.filled(for_tripod_ai(found)),
        CLEAR: CLEAR.filled(for_clear(found)),
        METRICS: METRICS.filled(for_metrics(found)),
    }
