"""How well each kind of heatmap found a known truth, for the reader who looks at one.

The figures are those of ``python Testing/Studies/study.py maps``; docs/explanations.md says how they were made.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TRUTH_TESTS", "TruthTest", "truth_sentence"]

UNTESTED = "Not tested against a known truth."


@dataclass(frozen=True)
class TruthTest:
    """What a kind of heatmap showed on simulated cases with a causal patch and a decoy.

    Parameters
    ----------
    model : str
        Of which model the maps were.
    cases : int
        Simulated cases.
    auc, low, high : float
        Mean AUC for the causal patch over every voxel of tumour and shell, with its 95 % interval.
    without_model : float
        The same of the best map that needs no model.
    over_decoy : float
        Mean AUC of the causal patch over a decoy that stands out as much.
    """

    model: str
    cases: int
    auc: float
    low: float
    high: float
    without_model: float
    over_decoy: float

    @property
    def sentence(self) -> str:
        """The figures in words, and what they come to."""
        verdict = (
            "better than any map without a model"
            if self.low > self.without_model
            else "no better than chance"
            if self.low <= 0.5
            else "better than chance, but not than a map without a model"
        )
        return (
            f"On {self.cases} simulated cases ({self.model}) it found the place that caused the outcome with an AUC of "
            f"{self.auc:.2f} ({self.low:.2f} to {self.high:.2f}; {self.without_model:.2f} without any model; "
            f"{self.over_decoy:.2f} against a decoy that stands out as much): {verdict}."
        )


TRUTH_TESTS: dict[str, tuple[TruthTest, ...]] = {
    "contribution": (TruthTest("the demonstration bundle", 24, 0.920, 0.888, 0.947, 0.716, 0.954),),
    "gradcam": (TruthTest("the demonstration bundle's 3D network", 24, 0.555, 0.467, 0.639, 0.716, 0.549),),
}
"""By kind of heatmap; a kind that is not here was not tested."""


def truth_sentence(kind: str) -> str:
    """What a reader of this kind of map should know of its test, in a sentence or two."""
    found = TRUTH_TESTS.get(kind, ())
    return " ".join(test.sentence for test in found) if found else UNTESTED
