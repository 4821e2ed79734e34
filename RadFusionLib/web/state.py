"""What the page shows: plain values, written by the logic and read by the page."""

from __future__ import annotations

from dataclasses import dataclass, field

from RadFusionLib.reading.clinical_form import ClinicalRow
from RadFusionLib.reading.nomogram_place import NomogramState
from RadFusionLib.reading.result_words import ResultState

__all__ = [
    "CaseState",
    "ClinicalState",
    "ComparisonState",
    "HeatmapState",
    "PredictionState",
    "ReaderState",
    "ShellState",
]


@dataclass
class CaseState:
    """The list of cases and the one that is open.

    Parameters
    ----------
    ids : list of str
        Of the list, in order.
    number : int
        Position of the open case in the list; -1 when none is open.
    phases : list of str
        Roles of the open case's images.
    phase : str
        The one that the slices show.
    """

    ids: list[str] = field(default_factory=list)
    number: int = -1
    title: str = ""
    phases: list[str] = field(default_factory=list)
    phase: str = ""
    tumor: str = ""


@dataclass
class ShellState:
    """The peritumoral shell."""

    margin_mm: float = 10.0
    live: bool = True
    remark: str = ""


@dataclass
class ClinicalState:
    """The clinical values."""

    rows: list[ClinicalRow] = field(default_factory=list)


@dataclass
class PredictionState:
    """The work under way.

    Parameters
    ----------
    running : bool
        Whether a prediction runs.
    percent : float
        0 to 100.
    stale : str
        Why the risk shown is no longer that of the case; empty when it is.
    """

    running: bool = False
    percent: float = 0.0
    message: str = ""
    stale: str = ""


@dataclass
class HeatmapState:
    """The heatmap and its legend.

    Parameters
    ----------
    opacity : float
        In slices, 0 to 1.
    threshold : float
        Values nearer to 0 than this, in the heatmap's unit, are not shown.
    """

    there: bool = False
    in_slices: bool = True
    in_3d: bool = True
    opacity: float = 0.6
    threshold: float = 0.0
    largest: float = 1.0
    colors: str = ""
    low: str = ""
    middle: str = ""
    high: str = ""
    legend: str = ""


@dataclass
class ComparisonState:
    """Two contours of one case, and the cases compared so far.

    Parameters
    ----------
    readers : list of str
        The other readings of the open case.
    reader : str
        The one compared last.
    lines : list of str
        On the open case.
    agreement : list of str
        On all cases compared.
    """

    readers: list[str] = field(default_factory=list)
    reader: str = ""
    running: bool = False
    lines: list[str] = field(default_factory=list)
    agreement: list[str] = field(default_factory=list)


@dataclass
class ReaderState:
    """Everything the page shows."""

    bundle: str = ""
    notice: str = ""
    busy: str = ""
    problem: str = ""
    remark: str = ""
    case: CaseState = field(default_factory=CaseState)
    shell: ShellState = field(default_factory=ShellState)
    clinical: ClinicalState = field(default_factory=ClinicalState)
    prediction: PredictionState = field(default_factory=PredictionState)
    result: ResultState = field(default_factory=ResultState)
    heatmap: HeatmapState = field(default_factory=HeatmapState)
    nomogram: NomogramState = field(default_factory=NomogramState)
    comparison: ComparisonState = field(default_factory=ComparisonState)
