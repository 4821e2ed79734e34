"""How the coefficients of a LASSO grow as its penalty falls, kept for the report of the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from RadFusionLib.selection import LassoSelection

__all__ = ["LassoPath"]

DIGITS = 5
"""Significant digits that are kept; a figure shows three."""


@dataclass(frozen=True, eq=False)
class LassoPath:
    """The path of one member's LASSO.

    Parameters
    ----------
    names : tuple of str
        Features or components with a coefficient anywhere on the path, length p.
    alphas : numpy.ndarray, shape (m,)
        Penalties, falling.
    coefficients : numpy.ndarray, shape (m, p)
        On the standardised features of the member's training cases.
    error, spread : numpy.ndarray, shape (m,)
        Mean error over the folds (squared error or deviance a case) and its standard error.
    chosen : int
        Number of the penalty that cross-validation chose.
    family : str
        ``gaussian`` or ``binomial``.
    """

    names: tuple[str, ...]
    alphas: np.ndarray
    coefficients: np.ndarray
    error: np.ndarray
    spread: np.ndarray
    chosen: int
    family: str

    @classmethod
    def of(cls, fitted: LassoSelection, names: Sequence[str]) -> LassoPath:
        """The path of a fitted LASSO over features of these names."""
        ever = np.flatnonzero((fitted.coefficients_ != 0).any(axis=0))
        return cls(
            tuple(names[int(i)] for i in ever),
            fitted.alphas_,
            fitted.coefficients_[:, ever],
            fitted.cv_mean_,
            fitted.cv_se_,
            int(np.argmin(np.abs(fitted.alphas_ - fitted.alpha_))),
            fitted.family,
        )

    @property
    def chosen_coefficients(self) -> dict[str, float]:
        """Coefficients other than zero at the chosen penalty, the largest first."""
        row = self.coefficients[self.chosen]
        order = np.argsort(-np.abs(row), kind="stable")
        return {self.names[i]: float(row[i]) for i in order if row[i] != 0}

    def to_json(self) -> dict[str, Any]:
        """For the record of a training."""
        arrays = {name: _rounded(getattr(self, name)) for name in ("alphas", "coefficients", "error", "spread")}
        return {"names": list(self.names), "chosen": self.chosen, "family": self.family, **arrays}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> LassoPath:
        """Take back what :meth:`to_json` gave.

        Raises
        ------
        ValueError
            When lengths do not fit each other.
        """
        names = tuple(map(str, content["names"]))
        alphas, error, spread = (np.array(content[key], dtype=float) for key in ("alphas", "error", "spread"))
        coefficients = np.array(content["coefficients"], dtype=float).reshape(len(alphas), len(names))
        if not len(alphas) == len(error) == len(spread) or not 0 <= int(content["chosen"]) < len(alphas):
            raise ValueError("A path of a LASSO whose parts do not fit each other.")
        return cls(names, alphas, coefficients, error, spread, int(content["chosen"]), str(content["family"]))


def _rounded(values: np.ndarray) -> Any:
    flat = [float(f"{value:.{DIGITS}g}") for value in values.ravel()]
    return np.array(flat).reshape(values.shape).tolist()
