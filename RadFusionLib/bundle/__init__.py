"""The bundle: a trained, hash-checked, pickle-free artefact."""

from RadFusionLib.bundle.bundle import Bundle
from RadFusionLib.bundle.card import RESEARCH_USE, write_card
from RadFusionLib.bundle.record import TrainingRecord

__all__ = ["RESEARCH_USE", "Bundle", "TrainingRecord", "write_card"]
