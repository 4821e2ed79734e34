"""Minimum redundancy, maximum relevance (Peng et al., IEEE TPAMI 27:1226, 2005)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.selection.correlation import unit_columns
from RadFusionLib.selection.selector import OutcomeSelector

__all__ = ["RelevanceRedundancySelection", "rank_by_information"]

NEARLY_ONE = 1 - 1e-12
"""Largest squared correlation: identical features share much information, but not an infinity of it."""
MOST_LEVELS = 64
QUOTIENT_OFFSET = 1e-4
"""Added to the redundancy of the quotient, as in Peng's own program."""


class RelevanceRedundancySelection(OutcomeSelector):
    """Take features one by one: high information on the outcome, little shared with those already taken.

    The first is the most informative; each next has the largest difference or quotient of its information on
    the outcome and its mean information on the features taken. Ties go to the feature that comes first.

    Parameters
    ----------
    n_features : int
        Number of features to take (all, when there are fewer).
    information : {"correlation", "discrete"}
        Mutual information from the Pearson correlation, ``-ln(1 - r**2) / 2``, as mRMRe has it for continuous
        features; or from the frequencies of the values, in bits, for features that are already discrete.
    scheme : {"difference", "quotient"}
        MID or MIQ.

    Attributes
    ----------
    order_ : numpy.ndarray of int
        The features taken, in their order.
    score_ : numpy.ndarray
        The criterion of each when it was taken; the relevance for the first.
    relevance_ : numpy.ndarray, shape (n_features,)
        Information of each feature on the outcome.
    support_ : numpy.ndarray of bool, shape (n_features,)
        Which features are kept.
    """

    def __init__(self, n_features: int = 20, information: str = "correlation", scheme: str = "difference") -> None:
        self.n_features = n_features
        self.information = information
        self.scheme = scheme

    def fit(self, X: np.ndarray, y: np.ndarray) -> RelevanceRedundancySelection:
        """Select among the columns of ``X``, shape (n_patients, n_features); ``y`` has two classes."""
        X, target = self._checked(X, y)
        self.order_, self.score_, self.relevance_ = rank_by_information(
            X, target, self.n_features, self.information, self.scheme
        )
        self.support_ = np.zeros(X.shape[1], dtype=bool)
        self.support_[self.order_] = True
        return self


def rank_by_information(
    X: np.ndarray, y: np.ndarray, n_features: int, information: str, scheme: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order, scores and relevance as :class:`RelevanceRedundancySelection` has them; ``y`` may have many classes.

    Raises
    ------
    InputError
        When information or scheme is not known, or a feature has too many values to count their frequencies.
    """
    if information not in _MEASURES or scheme not in ("difference", "quotient"):
        raise InputError(
            f"Information {information!r} with scheme {scheme!r} is not known; they are 'correlation' or 'discrete', "
            "and 'difference' or 'quotient'."
        )
    shared_with = _MEASURES[information](X)
    relevance = shared_with(np.asarray(y, dtype=np.float64))
    order = [_first_best(relevance)]
    score = [float(relevance[order[0]])]
    shared = np.zeros(X.shape[1])
    while len(order) < min(n_features, X.shape[1]):
        shared += shared_with(X[:, order[-1]])
        redundancy = shared / len(order)
        criterion = relevance - redundancy if scheme == "difference" else relevance / (redundancy + QUOTIENT_OFFSET)
        criterion[order] = -np.inf
        order.append(_first_best(criterion))
        score.append(float(criterion[order[-1]]))
    return np.asarray(order), np.asarray(score), relevance


def _first_best(criterion: np.ndarray) -> int:
    # Rounded, so that of features with the same information the first is taken on every machine.
    return int(np.argmax(np.round(criterion, 12)))


def _by_correlation(X: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    unit = unit_columns(X)

    def shared_with(column: np.ndarray) -> np.ndarray:
        squared = (unit_columns(column[:, None])[:, 0] @ unit) ** 2
        return -0.5 * np.log1p(-np.minimum(squared, NEARLY_ONE))

    return shared_with


def _by_frequency(X: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    codes = [np.unique(column, return_inverse=True)[1] for column in X.T]
    levels = max(int(code.max()) for code in codes) + 1
    if levels > MOST_LEVELS:
        raise InputError(
            f"A feature has {levels} different values, too many for their frequencies to mean anything; discretise "
            "the features or choose information: correlation."
        )
    table = np.stack(codes) + levels * np.arange(len(codes))[:, None]  # one block of levels a feature
    sizes = np.bincount(table.ravel(), minlength=levels * len(codes)).reshape(len(codes), levels)

    def shared_with(column: np.ndarray) -> np.ndarray:
        code = np.unique(column, return_inverse=True)[1]
        values = int(code.max()) + 1
        cells = np.bincount((table * values + code).ravel(), minlength=table.shape[0] * levels * values)
        joint = cells.reshape(table.shape[0], levels, values)
        entropy_of_column = _entropy(np.bincount(code)[None], len(code))
        return _entropy(sizes, len(code)) + entropy_of_column - _entropy(joint.reshape(len(joint), -1), len(code))

    return shared_with


_MEASURES: dict[str, Callable[[np.ndarray], Callable[[np.ndarray], np.ndarray]]] = {
    "correlation": _by_correlation,
    "discrete": _by_frequency,
}


def _entropy(counts: np.ndarray, total: int) -> np.ndarray:
    """Entropy in bits of each row of ``counts``, whose sum is ``total``."""
    share = counts / total
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.where(counts > 0, share * np.log2(share), 0.0).sum(axis=1)
