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
    over_decoy, decoy_low, decoy_high : float
        Mean AUC of the causal patch over a decoy that stands out as much, with its 95 % interval.
    """

    model: str
    cases: int
    auc: float
    low: float
    high: float
    without_model: float
    over_decoy: float
    decoy_low: float
    decoy_high: float

    @property
    def sentence(self) -> str:
        """The figures in words, and what they come to."""
        if self.decoy_low <= 0.5:
            verdict = "it cannot tell the two apart"
        elif self.low > self.without_model:
            verdict = "better than any map without a model"
        else:
            verdict = "no better than a map without a model"
        return (
            f"On {self.cases} simulated cases ({self.model}) it found the place that caused the outcome with an AUC of "
            f"{self.auc:.2f} ({self.low:.2f} to {self.high:.2f}; {self.without_model:.2f} without any model), and told "
            f"it from a decoy that stands out as much with {self.over_decoy:.2f} ({self.decoy_low:.2f} to "
            f"{self.decoy_high:.2f}): {verdict}."
        )


TRUTH_TESTS: dict[str, tuple[TruthTest, ...]] = {
    "contribution": (TruthTest("the demonstration bundle", 24, 0.869, 0.796, 0.929, 0.716, 0.905, 0.843, 0.958),),
    "patch_probability": (TruthTest("a compact patch network", 24, 0.506, 0.504, 0.508, 0.709, 0.500, 0.498, 0.502),),
    "gradcam": (
        TruthTest("the demonstration bundle's 3D network", 24, 0.555, 0.467, 0.639, 0.716, 0.549, 0.453, 0.643),
        TruthTest("a compact slice network", 24, 0.506, 0.503, 0.509, 0.700, 0.501, 0.498, 0.505),
    ),
}
"""By kind of heatmap; a kind that is not here was not tested."""


def truth_sentence(kind: str) -> str:
    """What a reader of this kind of map should know of its test, in a sentence or two."""
    found = TRUTH_TESTS.get(kind, ())
    return " ".join(test.sentence for test in found) if found else UNTESTED
