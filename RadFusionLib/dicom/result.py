"""What a prediction hands to DICOM: plain values, volumes and who computed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from RadFusionLib.case import Volume

__all__ = ["Algorithm", "MapResult", "RegionResult", "Result", "RiskResult"]


@dataclass(frozen=True)
class Algorithm:
    """Who computed a result.

    Parameters
    ----------
    version : str
        Of RadFusion.
    bundle : str
        The bundle's name: recipe, version and profile.
    sha256 : str
        Of the bundle's file, hexadecimal.
    """

    version: str
    bundle: str
    sha256: str


@dataclass(frozen=True)
class RegionResult:
    """A region and its size.

    Parameters
    ----------
    mask : Volume
        ``bool``, on the source series' grid in any order of its axes.
    volume : float
        Sum of its voxels, mm^3.
    diameter : float
        Largest distance between two points of its surface, mm.
    """

    mask: Volume
    volume: float
    diameter: float


@dataclass(frozen=True)
class MapResult:
    """A heatmap.

    Parameters
    ----------
    volume : Volume
        On the source series' grid in any order of its axes.
    kind : str
        ``contribution``, ``patch_probability`` or ``cam``.
    outside : float
        The value where it says nothing.
    extent : float
        Largest absolute value inside.
    """

    volume: Volume
    kind: str
    outside: float
    extent: float


@dataclass(frozen=True)
class RiskResult:
    """A risk as ``risk.csv`` has it.

    Parameters
    ----------
    outcome : str
        What it is the risk of.
    risk, low, high, threshold : float
        In [0, 1].
    level : float
        Of the interval from ``low`` to ``high``, in [0, 1].
    group : str
        ``high`` or ``low``.
    warnings : tuple of str
        Where the case leaves the bundle's domain.
    """

    outcome: str
    risk: float
    low: float
    high: float
    level: float
    threshold: float
    group: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """All that is written for a case.

    Parameters
    ----------
    case : str
        The case id.
    regions : mapping of str to RegionResult
        By ``tumor`` and ``shell``.
    notice : str
        The sentence that every result of the bundle carries.
    demonstration : bool
        Whether the bundle was trained on simulated cases.
    """

    case: str
    risk: RiskResult
    regions: Mapping[str, RegionResult]
    heatmap: MapResult | None
    algorithm: Algorithm
    notice: str
    demonstration: bool

    def description(self, what: str) -> str:
        """A series description that begins with RESEARCH; at most 64 characters."""
        return f"RESEARCH {'DEMONSTRATION ' if self.demonstration else ''}{what}"[:64]
