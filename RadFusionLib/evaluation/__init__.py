"""Measures of how well a risk does."""

from RadFusionLib.evaluation.discrimination import auc, within_fold_auc

__all__ = ["auc", "within_fold_auc"]
