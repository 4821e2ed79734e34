"""What a report says of what drives the risks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.evaluation.report.document import Figure, Folded, Paragraph, Section, Table
from RadFusionLib.evaluation.report.figures import beeswarm_figure

if TYPE_CHECKING:
    from RadFusionLib.explain.plots import Shares

__all__ = ["shares_section"]

SHOWN = 12
"""Inputs drawn; the others stand in the table."""


def shares_section(shares: Shares) -> Section:
    """The Shapley values of every case, input by input."""
    if not shares.names:
        return Section("What drives the risk", [Paragraph("The final model uses no input that differs between cases.")])
    strength = np.abs(shares.values).mean(axis=0)
    rows = tuple((shares.label(n), f"{strength[n]:.3f}") for n in map(int, shares.order))
    return Section(
        "What drives the risk",
        [
            Figure(
                beeswarm_figure(shares, SHOWN),
                f"Shapley values of {len(shares.values)} cases: what each of the strongest inputs adds to the log-odds "
                f"of a case, which are {shares.base:+.2f} for cases like the training cases on average.",
                "Beeswarm of the Shapley values of " + ", ".join(row[0] for row in rows[:SHOWN]),
                wide=True,
            ),
            Paragraph(
                "They add up to each case's log-odds. They say what moves this model, not what causes the outcome; of "
                "two features that tell the same, either may get the share.",
                muted=True,
            ),
            Folded("Mean absolute addend of every input", (Table(("input", "log-odds"), rows),)),
        ],
    )
