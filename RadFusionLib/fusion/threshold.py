"""The cut between low and high risk, frozen on training data."""

from __future__ import annotations

from RadFusionLib.evaluation.threshold import youden_threshold

__all__ = ["youden_threshold"]
