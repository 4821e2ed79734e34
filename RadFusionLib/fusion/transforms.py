"""What a fitted pipeline does to its features before the classifier, as arrays that need no pickle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from RadFusionLib.errors import InputError

__all__ = ["Harmonised", "Projected", "Standardised", "Transform", "transform_from_parts"]


class Transform(Protocol):
    """One step from features to features."""

    kind: ClassVar[str]

    @property
    def width(self) -> int:
        """How many columns it gives."""
        ...

    def apply(self, X: np.ndarray, scanners: Sequence[str]) -> np.ndarray:
        """Change features of shape (n, p) of cases from these scanners; shape (n, q)."""
        ...

    def keep(self, columns: np.ndarray) -> Transform:
        """The same for some of the columns that it gives."""
        ...

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A JSON structure and arrays; :func:`transform_from_parts` takes them back."""
        ...


@dataclass(frozen=True, eq=False)
class Standardised:
    """``(x - mean) / scale``; arrays of shape (p,)."""

    mean: np.ndarray
    scale: np.ndarray
    kind: ClassVar[str] = "standardised"

    @property
    def width(self) -> int:
        return len(self.mean)

    def apply(self, X: np.ndarray, scanners: Sequence[str]) -> np.ndarray:
        return (X - self.mean) / self.scale

    def keep(self, columns: np.ndarray) -> Standardised:
        return Standardised(self.mean[columns], self.scale[columns])

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"kind": self.kind}, {"mean": self.mean, "scale": self.scale}


@dataclass(frozen=True, eq=False)
class Harmonised:
    """ComBat as learnt in training: ``scale[s] * x + shift[s]`` for scanner ``s``.

    Parameters
    ----------
    scanners : tuple of str
        Those that training knew well enough, s of them.
    scale, shift : numpy.ndarray, shape (s, p)
        For each.
    unseen : {'refuse', 'flag'}
        A case of another scanner is an error, or stays as it is; the training domain warns of its scanner.
    """

    scanners: tuple[str, ...]
    scale: np.ndarray
    shift: np.ndarray
    unseen: str = "refuse"
    kind: ClassVar[str] = "harmonised"

    @property
    def width(self) -> int:
        return self.scale.shape[1]

    def apply(self, X: np.ndarray, scanners: Sequence[str]) -> np.ndarray:
        if len(scanners) != len(X):
            raise InputError("The model harmonises scanners; fill the column scanner of the manifest.")
        unknown = sorted(set(scanners) - set(self.scanners))
        if unknown and self.unseen == "refuse":
            raise InputError(
                f"The scanner {unknown[0] or '(not named)'!r} was not in the training, so its features cannot be "
                f"harmonised; the model knows {', '.join(self.scanners)}."
            )
        found = np.array(X, dtype=np.float64)
        for number, name in enumerate(self.scanners):
            rows = np.array([scanner == name for scanner in scanners], dtype=bool)
            found[rows] = found[rows] * self.scale[number] + self.shift[number]
        return found

    def keep(self, columns: np.ndarray) -> Harmonised:
        return Harmonised(self.scanners, self.scale[:, columns], self.shift[:, columns], self.unseen)

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        structure = {"kind": self.kind, "scanners": list(self.scanners), "unseen": self.unseen}
        return structure, {"scale": self.scale, "shift": self.shift}


@dataclass(frozen=True, eq=False)
class Projected:
    """Principal components: ``(x - mean) @ axes.T``.

    Parameters
    ----------
    mean : numpy.ndarray, shape (p,)
        Of the training cases.
    axes : numpy.ndarray, shape (q, p)
        The components.
    """

    mean: np.ndarray
    axes: np.ndarray
    kind: ClassVar[str] = "projected"

    @property
    def width(self) -> int:
        return len(self.axes)

    def apply(self, X: np.ndarray, scanners: Sequence[str]) -> np.ndarray:
        return (X - self.mean) @ self.axes.T

    def keep(self, columns: np.ndarray) -> Projected:
        return Projected(self.mean, self.axes[columns])

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"kind": self.kind}, {"mean": self.mean, "axes": self.axes}


def transform_from_parts(structure: Mapping[str, Any], arrays: Mapping[str, np.ndarray], width: int) -> Transform:
    """Take back what ``to_parts`` gave, for ``width`` features.

    Raises
    ------
    ValueError
        When the arrays do not fit each other or the kind is not known.
    """
    kind = structure["kind"]
    if any(not np.isfinite(a).all() for a in arrays.values()):
        raise ValueError("a transform holds values that are not finite")
    if kind == "standardised":
        _same(arrays["mean"], (width,))
        _same(arrays["scale"], (width,))
        if (arrays["scale"] == 0).any():
            raise ValueError("a scale of 0")
        return Standardised(arrays["mean"], arrays["scale"])
    if kind == "harmonised":
        scanners = tuple(str(s) for s in structure["scanners"])
        for name in ("scale", "shift"):
            _same(arrays[name], (len(scanners), width))
        if structure["unseen"] not in ("refuse", "flag"):
            raise ValueError("a word for unseen scanners that is not known")
        return Harmonised(scanners, arrays["scale"], arrays["shift"], structure["unseen"])
    if kind == "projected":
        _same(arrays["mean"], (width,))
        _same(arrays["axes"], (len(arrays["axes"]), width))
        return Projected(arrays["mean"], arrays["axes"])
    raise ValueError(f"a transform of the kind {kind!r}")


def _same(array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"an array of shape {array.shape} where {shape} is due")
