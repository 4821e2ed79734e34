"""What a domain report says of a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["NOT_SAFE", "DomainReport", "Flag"]

NOT_SAFE = "The absence of a flag does not mean that the model fits this case."


@dataclass(frozen=True)
class Flag:
    """One way in which a case is unlike the training cases.

    Parameters
    ----------
    kind : str
        ``features``, ``scanner``, ``spacing``, ``size``, ``edge``, ``scale``, ``look``, ``noise``, ``contour``,
        ``phases`` or ``together``.
    phase : str
        The phase that it concerns; empty for the case.
    sentence : str
        For the reader.
    score : float
        Strangeness in units; a flag's is above the report's threshold.
    """

    kind: str
    phase: str
    sentence: str
    score: float


@dataclass(frozen=True)
class DomainReport:
    """Where a case leaves the training cases' domain.

    Parameters
    ----------
    flags : tuple of Flag
        The strangest first. None does not mean that the model fits the case.
    unchecked : tuple of str
        What could not be compared, in sentences.
    score, threshold : float
        The largest strangeness of any check, and what it must exceed for a flag.
    expected : float
        Share of cases like the training's that get a flag all the same.
    """

    flags: tuple[Flag, ...]
    unchecked: tuple[str, ...]
    score: float
    threshold: float
    expected: float

    def to_json(self) -> Mapping[str, Any]:
        """For ``explanation.json``, with the sentence that must stand beside the flags."""
        return {
            **asdict(self),
            "flags": [asdict(f) for f in self.flags],
            "unchecked": list(self.unchecked),
            "sentence": NOT_SAFE,
        }
