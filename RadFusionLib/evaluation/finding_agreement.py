"""Whether two readers see the same in a case: kappa of findings, ICC of measurements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.intraclass import ICC, intraclass_correlation
from RadFusionLib.evaluation.kappa import Kappa, cohen_kappa

__all__ = ["FindingAgreement", "finding_agreement"]

MOST_LEVELS = 5
"""Whole numbers with more levels than that are measured, not called."""


@dataclass(frozen=True)
class FindingAgreement:
    """One value read twice.

    Parameters
    ----------
    name : str
        Of the clinical value.
    reader : str
        The second one, as the manifest's columns have it.
    cases : int
        Read by both.
    kappa : Kappa or None
        Of a finding with few levels; Cohen's without weights for two, with linear weights for more.
    icc : ICC or None
        ICC(2,1) of a measurement.
    note : str
        Why there is neither.
    """

    name: str
    reader: str
    cases: int
    kappa: Kappa | None = None
    icc: ICC | None = None
    note: str = ""


def finding_agreement(name: str, reader: str, first: np.ndarray, again: np.ndarray) -> FindingAgreement:
    """Compare two readers of a value.

    Parameters
    ----------
    name, reader : str
        The value and the second reader.
    first, again : numpy.ndarray, shape (n,)
        NaN where a reader has none; such cases are left out.
    """
    both = np.isfinite(first) & np.isfinite(again)
    pairs = np.column_stack([first[both], again[both]])
    levels = np.unique(pairs)
    try:
        if pairs.size and levels.size <= MOST_LEVELS and (levels == np.round(levels)).all():
            one, other = pairs.astype(int).T.tolist()
            kappa = cohen_kappa(one, other, weights="linear" if levels.size > 2 else "none")
            return FindingAgreement(name, reader, len(pairs), kappa=kappa)
        return FindingAgreement(name, reader, len(pairs), icc=intraclass_correlation(pairs))
    except InputError as error:
        return FindingAgreement(name, reader, len(pairs), note=str(error))
