"""Ask a bundle that was just read for the risk of a made-up case, so that what does not fit shows before a real one."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.fusion import Risk
from RadFusionLib.fusion.table import FeatureTable

if TYPE_CHECKING:
    from RadFusionLib.bundle.bundle import Bundle

__all__ = ["rehearse"]


def rehearse(bundle: Bundle) -> None:
    """Go through all that a prediction asks of a bundle's numbers, with the median of every feature.

    Hashes say that a file is what its maker wrote, not that the maker meant well: forged parts may each be of the
    right kind and still not fit each other. Members that see images are not asked; a case has those.

    Raises
    ------
    Exception
        Of any kind, where the parts do not fit; ``ValueError`` where they give no risk.
    """
    _check_words(bundle)
    names = sorted({*bundle.ensemble.features, *bundle.ensemble.interval_features, *bundle.domain.appearance})
    middle = len(bundle.domain.levels) // 2
    values = [bundle.domain.quantiles[name][middle] if name in bundle.domain.quantiles else 0.0 for name in names]
    numbers = np.array([values], dtype=float)
    # A model that harmonises scanners may refuse a case whose scanner is not named.
    tables = [FeatureTable(("rehearsal",), tuple(names), numbers, (s,)) for s in (*bundle.domain.scanners, "")]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        bundle.domain.warnings(tables[-1], "")
        if bundle.ensemble.images:
            return
        risk = _first_risk(bundle, tables)
    if not 0 <= risk.low <= risk.risk <= risk.high <= 1:
        raise ValueError("no risk")


def _first_risk(bundle: Bundle, tables: Sequence[FeatureTable]) -> Risk:
    """The risk of the first of these tables that the ensemble does not refuse."""
    for table in tables[:-1]:
        try:
            return bundle.ensemble.predict(table)[0]
        except InputError:
            continue
    return bundle.ensemble.predict(tables[-1])[0]


def _check_words(bundle: Bundle) -> None:
    """What is shown to a reader beside the numbers."""
    record = bundle.record
    if not (0 <= record.events <= record.cases and record.cases > 0 and isinstance(record.demonstration, bool)):
        raise ValueError("a record that cannot be")
    for place in (record.folds, record.out_of_fold_auc, record.versions, bundle.domain.quantiles):
        if not isinstance(place, dict):
            raise TypeError("a record without its entries")
    if not 0 < bundle.ensemble.interval.level < 1 or not 0 <= bundle.ensemble.threshold <= 1:
        raise ValueError("a level or threshold that is no probability")
    if not isinstance(record.optimism, str):
        raise TypeError("a record without its sentence")
