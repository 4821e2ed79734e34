"""What is missing in a cohort, variable by variable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["MissingValues", "missing_table"]


@dataclass(frozen=True)
class MissingValues:
    """How often a variable is missing.

    Parameters
    ----------
    variable : str
        As the manifest names it.
    cases, missing : int
        All cases, and those without it.
    missing_with, missing_without : int
        Those among the cases with and without the outcome; unequal shares say that the gaps are not random.
    """

    variable: str
    cases: int
    missing: int
    missing_with: int
    missing_without: int

    @property
    def share(self) -> float:
        """Missing, in [0, 1]."""
        return self.missing / self.cases


def missing_table(present: Mapping[str, np.ndarray], outcome: np.ndarray) -> tuple[MissingValues, ...]:
    """Count what is missing; nothing is imputed.

    Parameters
    ----------
    present : mapping of str to numpy.ndarray of bool, shape (n,) each
        Whether each case has the variable.
    outcome : numpy.ndarray of float, shape (n,)
        0 or 1, NaN when unknown.

    Returns
    -------
    tuple of MissingValues
        In the order given.
    """
    outcome = np.asarray(outcome, dtype=float)
    found = []
    for variable, there in present.items():
        gap = ~np.asarray(there, dtype=bool)
        found.append(
            MissingValues(
                variable, gap.size, int(gap.sum()), int((gap & (outcome == 1)).sum()), int((gap & (outcome == 0)).sum())
            )
        )
    return tuple(found)
