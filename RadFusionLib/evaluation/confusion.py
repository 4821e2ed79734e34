"""One integer confusion matrix, and every rate that is read from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_outcome, check_scores
from RadFusionLib.evaluation.estimate import Estimate, exact_proportion

__all__ = ["RATES", "ConfusionMatrix", "rates_at_prevalence"]

RATES = {
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "ppv": "positive predictive value",
    "npv": "negative predictive value",
    "f1": "F1",
    "fnr": "false negative rate",
    "fpr": "false positive rate",
}
"""Short name of each rate, and the name a report gives it."""


@dataclass(frozen=True)
class ConfusionMatrix:
    """Counts of a binary call against a binary outcome.

    Parameters
    ----------
    true_positive, false_negative, true_negative, false_positive : int
        Not negative, and not all zero.
    """

    true_positive: int
    false_negative: int
    true_negative: int
    false_positive: int

    def __post_init__(self) -> None:
        counts = (self.true_positive, self.false_negative, self.true_negative, self.false_positive)
        if any(count != int(count) or count < 0 for count in counts) or sum(counts) == 0:
            raise InputError(f"{counts} is not a confusion matrix; give whole counts, none negative, not all zero.")

    @classmethod
    def of_scores(cls, outcome: ArrayLike, score: ArrayLike, threshold: float) -> ConfusionMatrix:
        """Count cases called positive at or above ``threshold``; ``outcome`` and ``score`` of shape (n,)."""
        positive = check_outcome(outcome)
        called = check_scores(positive, score, constant=True) >= threshold
        return cls(
            int((called & positive).sum()),
            int((~called & positive).sum()),
            int((~called & ~positive).sum()),
            int((called & ~positive).sum()),
        )

    @classmethod
    def of_rates(cls, positives: int, negatives: int, sensitivity: float, specificity: float) -> ConfusionMatrix:
        """Whole counts nearest to a sensitivity and a specificity in [0, 1]."""
        for name, rate in (("sensitivity", sensitivity), ("specificity", specificity)):
            if not 0 <= rate <= 1:
                raise InputError(f"A {name} of {rate:g} is not possible; give it between 0 and 1.")
        found, spared = round(sensitivity * positives), round(specificity * negatives)
        return cls(found, positives - found, spared, negatives - spared)

    @property
    def positives(self) -> int:
        """Cases with the outcome."""
        return self.true_positive + self.false_negative

    @property
    def negatives(self) -> int:
        """Cases without the outcome."""
        return self.true_negative + self.false_positive

    @property
    def called(self) -> int:
        """Cases called positive."""
        return self.true_positive + self.false_positive

    @property
    def cases(self) -> int:
        """All cases."""
        return self.positives + self.negatives

    @property
    def youden(self) -> float:
        """Sensitivity + specificity - 1, in [-1, 1]."""
        return self.rate("sensitivity") + self.rate("specificity") - 1

    def rate(self, name: str) -> float:
        """One of :data:`RATES` by its short name, in [0, 1]; NaN where its denominator is zero."""
        value = exact_proportion(*self._counts(name)).value
        return 2 * value / (1 + value) if name == "f1" else value

    def estimate(self, name: str, level: float = 0.95) -> Estimate:
        """One of :data:`RATES` with its exact interval.

        Notes
        -----
        F1 is ``2 J / (1 + J)`` of ``J = TP / (TP + FP + FN)``. Given how many cases are not true negatives, the true
        positives among them are binomial with J, so the Clopper-Pearson interval of J, carried over, is an exact one
        of F1, wherever cases are drawn at random (not where the share of positives was fixed by design).
        """
        found = exact_proportion(*self._counts(name), level)
        if name != "f1":
            return found
        value, low, high = (2 * part / (1 + part) for part in (found.value, found.low, found.high))
        return Estimate(value, low, high, level, "exact (Clopper-Pearson of the Jaccard index)")

    def estimates(self, level: float = 0.95) -> dict[str, Estimate]:
        """All of :data:`RATES`, each with its exact interval."""
        return {name: self.estimate(name, level) for name in RATES}

    def _counts(self, name: str) -> tuple[int, int]:
        tp, fn, tn, fp = self.true_positive, self.false_negative, self.true_negative, self.false_positive
        counts = {
            "accuracy": (tp + tn, self.cases),
            "sensitivity": (tp, tp + fn),
            "specificity": (tn, tn + fp),
            "ppv": (tp, tp + fp),
            "npv": (tn, tn + fn),
            "f1": (tp, tp + fp + fn),
            "fnr": (fn, tp + fn),
            "fpr": (fp, tn + fp),
        }
        if name not in counts:
            raise InputError(f"There is no rate called {name!r}; choose one of {', '.join(counts)}.")
        return counts[name]


def rates_at_prevalence(sensitivity: float, specificity: float, prevalence: float) -> dict[str, float]:
    """What a sensitivity and a specificity mean where the outcome has a given prevalence (Bayes' rule).

    Parameters
    ----------
    sensitivity, specificity, prevalence : float
        In [0, 1].

    Returns
    -------
    dict of str to float
        All of :data:`RATES`, in [0, 1]; NaN where a denominator is zero.
    """
    if not all(0 <= share <= 1 for share in (sensitivity, specificity, prevalence)):
        raise InputError("Sensitivity, specificity and prevalence must lie between 0 and 1.")
    tp, fn = prevalence * sensitivity, prevalence * (1 - sensitivity)
    tn, fp = (1 - prevalence) * specificity, (1 - prevalence) * (1 - specificity)

    def share(part: float, whole: float) -> float:
        return part / whole if whole > 0 else float(np.nan)

    return {
        "accuracy": tp + tn,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "ppv": share(tp, tp + fp),
        "npv": share(tn, tn + fn),
        "f1": share(2 * tp, 2 * tp + fp + fn),
        "fnr": 1 - sensitivity,
        "fpr": 1 - specificity,
    }
