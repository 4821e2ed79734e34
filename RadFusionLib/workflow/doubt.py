"""How far a prediction can be doubted: the members, the contour, and the training cases' domain."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from RadFusionLib.bundle import Bundle
from RadFusionLib.doubt import TOLERANCE_MM, ContourSpread, DomainReport
from RadFusionLib.fusion import FeatureTable, Risk
from RadFusionLib.workflow.contour_features import ContourFeatures

__all__ = ["NOT_ASKED", "contour_spread", "describe_doubt"]

NOT_ASKED = "The spread over plausible contours was not asked for."


def contour_spread(bundle: Bundle, table: FeatureTable, contours: ContourFeatures) -> ContourSpread:
    """Return the risk over plausible contours.

    What a contour adds to the log-odds is its own less that of the drawn contour, both from the same filtered images;
    it is added to the log-odds of the case.

    Parameters
    ----------
    bundle : Bundle
        Whose risk.
    table : FeatureTable
        The case, one row.
    contours : ContourFeatures
        Its features on the contours.
    """
    needed = contours.table.columns(bundle.ensemble.features)
    known = np.isfinite(needed).all(axis=1)
    own = float(bundle.ensemble.logit(table)[0])
    risks: list[float | None] = [None] * (len(contours.kinds) - 1)
    if known[0]:
        logits = bundle.ensemble.logit(contours.table.rows(known))
        for row, logit in zip(np.flatnonzero(known), logits, strict=True):
            if row > 0:
                risks[row - 1] = float(expit(own + logit - logits[0]))
    return ContourSpread(TOLERANCE_MM, contours.kinds[1:], tuple(risks), float(expit(own)), bundle.ensemble.threshold)


def describe_doubt(risk: Risk, report: DomainReport, spread: ContourSpread | None) -> dict[str, Any]:
    """Return what ``explanation.json`` holds under ``doubt``.

    Parameters
    ----------
    risk : Risk
        With the members' own.
    report : DomainReport
        Where the case leaves the training cases' domain.
    spread : ContourSpread or None
        None when it was not asked for.
    """
    low, high = min(risk.members), max(risk.members)
    return {
        "members": {
            "least": low,
            "most": high,
            "sentence": f"The members' own risks run from {100 * low:.1f} to {100 * high:.1f} %: their spread, not a "
            "confidence interval.",
        },
        "contours": {"count": 0, "sentence": NOT_ASKED} if spread is None else spread.to_json(),
        "domain": report.to_json(),
    }
