"""What is compared with the training cases: each check gives a case a number that grows from 0 with strangeness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from RadFusionLib.doubt.appearance import LOOKS, REDRAWN, STATISTICS, appearance_name, split_appearance

__all__ = ["Deviations", "Joint", "Likeness", "Ranges"]

UNKNOWN = 1e3
"""The strangeness of a number that could not be had, while every training case has it."""
USUAL = 0.98
"""The quantile of the training cases' distances from the median that counts as one unit."""
Floats = tuple[float, ...]


@dataclass(frozen=True)
class Deviations:
    """How far each number of a case's appearance lies from the training median, in the training's own width.

    Parameters
    ----------
    names : tuple of str
        Length p, as ``appearance_HBP_volume``.
    center, below, above : tuple of float
        The median, and the width to either side: the 98 % quantile of the distances there. For numbers of the contour
        the wider of the drawn contours' and the redrawn ones'.
    """

    names: tuple[str, ...]
    center: Floats
    below: Floats
    above: Floats

    @classmethod
    def fit(cls, names: Sequence[str], values: np.ndarray) -> Deviations:
        """Fit on the training cases, ``values`` of shape (n, p); what is unknown in any of them is left out."""
        known = [i for i in range(len(names)) if np.isfinite(values[:, i]).all()]
        again = {names[i].removesuffix(REDRAWN): values[:, i] for i in known if names[i].endswith(REDRAWN)}
        known = [i for i in known if not names[i].endswith(REDRAWN)]
        names, values = [names[i] for i in known], values[:, known]
        least = np.array([STATISTICS[split_appearance(name)[1]].least for name in names])
        center = np.median(values, axis=0) if len(names) else np.zeros(0)
        away = values - center
        below, above = least.copy(), least.copy()
        for i, name in enumerate(names):
            for distances in (away[:, i], again.get(name, values[:, i]) - center[i]):
                below[i] = max(below[i], _width(-distances))
                above[i] = max(above[i], _width(distances))
        return cls(tuple(names), _tuple(center), _tuple(below), _tuple(above))

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Signed deviations, shape (n, p)."""
        away = values - np.asarray(self.center)
        scaled = away / np.where(away < 0, np.asarray(self.below), np.asarray(self.above))
        return np.where(np.isfinite(scaled), scaled, UNKNOWN)

    def strangeness(self, values: np.ndarray) -> np.ndarray:
        """Of each number of each case, shape (n, p)."""
        return np.abs(self.scaled(values))


def _width(side: np.ndarray) -> float:
    beyond = side[side > 0]
    return float(np.quantile(beyond, USUAL)) if beyond.size else 0.0


@dataclass(frozen=True)
class Likeness:
    """How much more a phase looks like another phase of the training cases than like its own.

    Parameters
    ----------
    phases : tuple of str
        Those of the recipe, q of them.
    center, scale : tuple of tuple of float
        By phase, of each statistic of `LOOKS`: median and standard deviation over the training cases.
    """

    phases: tuple[str, ...]
    center: tuple[Floats, ...]
    scale: tuple[Floats, ...]

    @classmethod
    def fit(cls, phases: Sequence[str], names: Sequence[str], values: np.ndarray) -> Likeness:
        """Fit on the training cases, ``values`` of shape (n, p) under ``names``."""
        looks = _looks(phases, names, values)
        center, scale = np.median(looks, axis=0), np.maximum(looks.std(axis=0), 0.05)
        return cls(tuple(phases), tuple(_tuple(c) for c in center), tuple(_tuple(s) for s in scale))

    def distances(self, names: Sequence[str], values: np.ndarray) -> np.ndarray:
        """Root mean square distance of each phase (axis 1) from the training's (axis 2), shape (n, q, q)."""
        looks = _looks(self.phases, names, values)[:, :, None, :]
        away = (looks - np.asarray(self.center)) / np.asarray(self.scale)
        return np.sqrt(np.mean(np.where(np.isfinite(away), away, UNKNOWN) ** 2, axis=-1))

    def strangeness(self, names: Sequence[str], values: np.ndarray) -> np.ndarray:
        """By phase, shape (n, q): by how much another phase is nearer than its own; 0 where none is."""
        found = self.distances(names, values)
        own = np.diagonal(found, axis1=1, axis2=2)
        others = np.where(np.eye(len(self.phases), dtype=bool), np.inf, found).min(axis=2)
        return np.maximum(own - others, 0.0)


def _looks(phases: Sequence[str], names: Sequence[str], values: np.ndarray) -> np.ndarray:
    column = {name: i for i, name in enumerate(names)}
    places = [[column[appearance_name(phase, look)] for look in LOOKS] for phase in phases]
    return values[:, places]


@dataclass(frozen=True)
class Joint:
    """How unusual the numbers are together: the Mahalanobis distance with a shrunk covariance (Ledoit and Wolf 2004).

    Parameters
    ----------
    precision : tuple of tuple of float
        The inverse covariance of the scaled deviations, p x p.
    mean : tuple of float
        Their mean.
    """

    precision: tuple[Floats, ...]
    mean: Floats

    @classmethod
    def fit(cls, scaled: np.ndarray) -> Joint:
        """Fit on the training cases' scaled deviations, shape (n, p)."""
        from sklearn.covariance import ledoit_wolf

        mean = scaled.mean(axis=0)
        covariance, _ = ledoit_wolf(scaled - mean, assume_centered=True)
        precision = np.linalg.inv(covariance + 1e-6 * np.eye(len(mean)))
        return cls(tuple(_tuple(row) for row in precision), _tuple(mean))

    @cached_property
    def _matrix(self) -> np.ndarray:
        return np.asarray(self.precision)

    def strangeness(self, scaled: np.ndarray) -> np.ndarray:
        """Of each case, shape (n,): the distance over the square root of the number of its numbers."""
        away = np.clip(scaled, -UNKNOWN, UNKNOWN) - np.asarray(self.mean)
        return np.sqrt(np.einsum("ni,ij,nj->n", away, self._matrix, away) / max(len(self.mean), 1))


@dataclass(frozen=True)
class Ranges:
    """The training cases' range of each of the model's features.

    Parameters
    ----------
    names : tuple of str
        Length p.
    low, high : tuple of float
        Smallest and largest value.
    """

    names: tuple[str, ...]
    low: Floats
    high: Floats

    @classmethod
    def fit(cls, names: Sequence[str], values: np.ndarray) -> Ranges:
        """Fit on the training cases, ``values`` of shape (n, p)."""
        return cls(tuple(names), _tuple(values.min(axis=0)), _tuple(values.max(axis=0)))

    def outside(self, values: np.ndarray) -> np.ndarray:
        """For each case and feature, shape (n, p), whether it lies outside or is not known."""
        return ~((values >= np.asarray(self.low)) & (values <= np.asarray(self.high)))

    def strangeness(self, values: np.ndarray) -> np.ndarray:
        """The share outside, shape (n,), in [0, 1]."""
        return self.outside(values).mean(axis=1) if self.names else np.zeros(len(values))


def _tuple(values: np.ndarray) -> Floats:
    return tuple(float(v) for v in values)
