"""A prediction as a window has it: numbers, explanation, heatmap and pictures, without what they were computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from RadFusionLib.case import Volume
from RadFusionLib.reading.case_folder import read_array_volume

__all__ = ["ShownPrediction"]


@dataclass(frozen=True)
class ShownPrediction:
    """What a process beside the window delivered.

    Parameters
    ----------
    measured : mapping
        As :meth:`~RadFusionLib.workflow.measured_case.MeasuredCase.to_json` says, with the ``explanation``, whose own
        the numbers below are; it is what a scene keeps.
    number : int
        By which that process knows the prediction; 0 when it does not.
    heatmap : Volume or None
        Where one was painted.
    pictures : mapping of str to Path
        By ``waterfall`` and ``nomogram``.
    """

    measured: Mapping[str, Any]
    number: int = 0
    heatmap: Volume | None = None
    pictures: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> ShownPrediction:
        """Return what a task of :class:`~RadFusionLib.reading.bench_files.BenchFiles` delivered."""
        record = answer["heatmap"]
        heatmap = None if record is None else read_array_volume(Path(answer["out"]), record)
        pictures = {name: Path(path) for name, path in answer["pictures"].items()}
        return cls(answer["measured"], int(answer["number"]), heatmap, pictures)

    @property
    def explanation(self) -> Mapping[str, Any]:
        """As in ``explanation.json``."""
        found: Mapping[str, Any] = self.measured["explanation"]
        return found

    @property
    def case(self) -> str:
        """The case's id."""
        return str(self.explanation["case"])

    @property
    def risk(self) -> float:
        """In [0, 1]."""
        return float(self.explanation["risk"])

    @property
    def risk_low(self) -> float:
        """Lower end of the interval, in [0, 1]."""
        return float(self.explanation["risk_low"])

    @property
    def risk_high(self) -> float:
        """Upper end of the interval, in [0, 1]."""
        return float(self.explanation["risk_high"])

    @property
    def model_spread(self) -> float:
        """Range of the members' own risks; not a confidence interval."""
        return float(self.explanation["model_spread"])

    @property
    def group(self) -> str:
        """``high`` or ``low``."""
        return str(self.explanation["group"])

    @property
    def threshold(self) -> float:
        """Where the groups part."""
        return float(self.explanation["threshold"])

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where the case leaves the bundle's domain."""
        return tuple(str(warning) for warning in self.explanation["warnings"])
