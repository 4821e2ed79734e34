"""A prediction's numbers as a window shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from RadFusionLib.explain.labels import shown

__all__ = ["ResultState", "TermRow", "result_state", "term_rows", "what_if_words"]

MOST = 8
"""Addends shown one by one."""


@dataclass
class TermRow:
    """One addend of the explanation: a bar from ``start`` of ``width``, both in percent of the row."""

    label: str
    value: str
    addend: str
    start: float
    width: float
    raises: bool


@dataclass
class ResultState:
    """The risk and its explanation; positions are percent of the risk axis."""

    shown: bool = False
    outcome: str = ""
    risk: float = 0.0
    low: float = 0.0
    high: float = 0.0
    threshold: float = 0.0
    prevalence: float = 0.0
    level: float = 90.0
    group: str = ""
    warnings: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    terms: list[TermRow] = field(default_factory=list)
    base: str = ""
    total: str = ""
    what_if: str = ""


def result_state(explanation: Mapping[str, Any], what_if: str = "") -> ResultState:
    """Return what the page shows of an explanation.

    Parameters
    ----------
    explanation : mapping
        As in ``explanation.json``.
    what_if : str
        Which clinical values are not the predicted ones; empty when all are.
    """
    return ResultState(
        shown=True,
        outcome=str(explanation["outcome"]),
        risk=100.0 * explanation["risk"],
        low=100.0 * explanation["risk_low"],
        high=100.0 * explanation["risk_high"],
        threshold=100.0 * explanation["threshold"],
        prevalence=100.0 * explanation["prevalence"],
        level=100.0 * explanation["level"],
        group=str(explanation["group"]),
        warnings=list(explanation["warnings"]),
        notices=list(explanation["notices"]),
        terms=term_rows(explanation["terms"], explanation["base"]),
        base=f"{explanation['base']:+.2f}",
        total=f"{explanation['logit']:+.2f}",
        what_if=what_if,
    )


def term_rows(terms: Sequence[Mapping[str, Any]], base: float) -> list[TermRow]:
    """Return the addends as a waterfall, largest first, from the average case's log-odds to this case's."""
    rows = [(str(t["label"]), _value(t), float(t["contribution"])) for t in terms[:MOST]]
    rest = terms[MOST:]
    if rest:
        rows.append((f"the other {len(rest)} together", "", sum(float(t["contribution"]) for t in rest)))
    at, steps = base, []
    for label, value, addend in rows:
        steps.append((label, value, addend, min(at, at + addend), abs(addend)))
        at += addend
    ends = [base, at, *(start for *_, start, _ in steps), *(start + width for *_, start, width in steps)]
    low, span = min(ends), max(max(ends) - min(ends), 1e-9)
    return [
        TermRow(label, value, f"{addend:+.2f}", 100 * (start - low) / span, max(100 * width / span, 0.5), addend > 0)
        for label, value, addend, start, width in steps
    ]


def what_if_words(differ: Sequence[str], used: Set[str], predicted: Mapping[str, Any]) -> str:
    """Return what a risk with other clinical values than the predicted ones says of itself.

    Parameters
    ----------
    differ : sequence of str
        Clinical values that are not the predicted ones.
    used : set of str
        Those on which the model depends.
    predicted : mapping
        The explanation of the prediction.
    """
    if not differ:
        return ""
    names = ", ".join(name.replace("_", " ") for name in differ)
    if not used & set(differ):
        return f"What if: {names} changed, which this model does not use."
    return (
        f"What if: {names} changed. The risk predicted was {100 * predicted['risk']:.0f} %. Image features are the "
        "predicted ones; the heatmap belongs to the predicted values."
    )


def _value(term: Mapping[str, Any]) -> str:
    if term["value"] is None:
        return ""
    unit = str(term["unit"])
    return f"{shown(float(term['value']))}{' ' + unit if unit and ',' not in unit else ''}"
