"""The clinical form: what was typed, checked against what the bundle asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from RadFusionLib.errors import InputError
from RadFusionLib.reading.bundle_facts import ClinicalField

__all__ = ["Choice", "ClinicalForm", "ClinicalRow"]

INTERVAL_ONLY, NOT_USED = "interval only", "not used by this model"
"""What is said beside a value on which the risk does not depend: its interval does, or nothing at all."""


@dataclass
class Choice:
    """A value of a clinical variable of few values, and the word for it."""

    value: str
    title: str


@dataclass
class ClinicalRow:
    """One clinical variable as the form shows it; ``use`` is empty where the risk depends on it."""

    name: str
    label: str
    unit: str
    value: str
    choices: list[Choice]
    range: str
    problem: str
    use: str


class ClinicalForm:
    """The clinical values of the open case.

    Parameters
    ----------
    fields : sequence of ClinicalField
        What the bundle asks for.
    values : mapping of str to float
        The case's own; others than the fields' are kept as they are.
    """

    def __init__(self, fields: Sequence[ClinicalField], values: Mapping[str, float]) -> None:
        self._fields = {field.name: field for field in fields}
        self._others = {name: value for name, value in values.items() if name not in self._fields}
        self._typed = {name: _text(values.get(name, math.nan)) for name in self._fields}

    def enter(self, name: str, text: str | None) -> None:
        """Take what was typed into a field; nothing empties it."""
        if name in self._typed:
            self._typed[name] = (text or "").strip()

    def values(self) -> dict[str, float]:
        """Return every value that is there.

        Raises
        ------
        InputError
            When a field holds no number; the sentence names it.
        """
        values = dict(self._others)
        for name, text in self._typed.items():
            if not text:
                continue
            number = _number(text)
            if number is None:
                raise InputError(f"The clinical value {name} is {text!r}; enter a number.")
            values[name] = number
        return values

    def missing(self) -> tuple[str, ...]:
        """The values that the bundle uses and nobody has entered."""
        return tuple(name for name, field in self._fields.items() if field.used and not self._typed[name])

    def rows(self) -> list[ClinicalRow]:
        """Return the form as the page shows it."""
        return [self._row(field) for field in self._fields.values()]

    def _row(self, field: ClinicalField) -> ClinicalRow:
        text = self._typed[field.name]
        number = _number(text)
        within = ""
        if field.low is not None and field.high is not None and not field.choices:
            within = f"training cases: {field.low:g} to {field.high:g}"
        problem = ""
        if text and number is None:
            problem = "Enter a number."
        elif not text and field.used:
            problem = "The model uses this value; fill it in."
        return ClinicalRow(
            field.name,
            field.name.replace("_", " "),
            "" if field.choices else field.unit,
            text,
            [Choice(_text(value), word) for value, word in field.choices],
            within,
            problem,
            "" if field.moves_risk else INTERVAL_ONLY if field.used else NOT_USED,
        )


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _text(value: float) -> str:
    if not math.isfinite(value):
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))
