"""Fitted classifiers as numbers: no pickle, no code, the same scores as scikit-learn's.

Importing this package does not import scikit-learn; fitting does.
"""

from RadFusionLib.fusion.scores.base import Score
from RadFusionLib.fusion.scores.classifiers import (
    CLASSIFIERS,
    FittedScore,
    classifier,
    fit_score,
    score_from_parts,
    score_of,
)
from RadFusionLib.fusion.scores.kernel import GaussianKernelScore
from RadFusionLib.fusion.scores.linear import LinearScore
from RadFusionLib.fusion.scores.naive_bayes import GaussianNaiveBayesScore
from RadFusionLib.fusion.scores.neighbours import NeighboursScore
from RadFusionLib.fusion.scores.perceptron import PerceptronScore
from RadFusionLib.fusion.scores.trees import TreesScore
from RadFusionLib.fusion.scores.tuning import Candidate, Choice, tuned

__all__ = [
    "CLASSIFIERS",
    "Candidate",
    "Choice",
    "FittedScore",
    "GaussianKernelScore",
    "GaussianNaiveBayesScore",
    "LinearScore",
    "NeighboursScore",
    "PerceptronScore",
    "Score",
    "TreesScore",
    "classifier",
    "fit_score",
    "score_from_parts",
    "score_of",
    "tuned",
]
