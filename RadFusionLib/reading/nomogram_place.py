"""Where a case stands on the nomogram of a bundle whose fusion is logistic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.explain.labels import shown

if TYPE_CHECKING:
    from RadFusionLib.bundle import Bundle
    from RadFusionLib.explain.nomogram import Nomogram
    from RadFusionLib.workflow.measured_case import MeasuredCase

__all__ = ["NomogramRow", "NomogramState", "nomogram_of", "nomogram_state"]


@dataclass
class NomogramRow:
    """One variable: its axis from ``start`` of ``width`` and the case at ``place``, all in percent of the points' axis.

    Parameters
    ----------
    label, value, points : str
        As the reader reads them.
    outside : bool
        Whether the value lies outside the range of the axis.
    """

    label: str
    value: str
    points: str
    start: float
    width: float
    place: float
    outside: bool


@dataclass
class NomogramState:
    """The nomogram with a case on it.

    Parameters
    ----------
    rows : list of NomogramRow
        One a variable; empty without a nomogram.
    total, most : float
        Points of the case, and the most that there are.
    risk : float
        Percent, as the nomogram says; that of an ensemble differs a little.
    why : str
        Why there is no nomogram; empty when there is one.
    """

    rows: list[NomogramRow] = field(default_factory=list)
    total: float = 0.0
    most: float = 0.0
    risk: float = 0.0
    why: str = ""


def nomogram_of(bundle: Bundle, measured: MeasuredCase) -> tuple[Nomogram, dict[str, float]]:
    """Return a bundle's nomogram, and what a case has of its variables.

    Raises
    ------
    InputError
        When the bundle's final model has no nomogram.
    """
    from RadFusionLib.explain.stack_nomogram import stack_nomogram

    units = {variable.name: variable.unit for variable in bundle.recipe.clinical}
    nomogram = stack_nomogram(bundle.ensemble, bundle.domain.quantiles, units, str(bundle.recipe.outcome["name"]))
    table = measured.features
    values = {name: float(table.columns([name])[0, 0]) for name in table.position}
    return nomogram, values | dict(measured.signatures)


def nomogram_state(bundle: Bundle, measured: MeasuredCase) -> NomogramState:
    """Place a case on the bundle's nomogram.

    Parameters
    ----------
    bundle : Bundle
        Of which the nomogram is.
    measured : MeasuredCase
        What that bundle predicted.
    """
    try:
        nomogram, values = nomogram_of(bundle, measured)
        points = [nomogram.points(v, nomogram.value(v, values)) for v in nomogram.variables]
        total = nomogram.total(values)
    except InputError as error:
        return NomogramState(why=str(error))
    low, high = min([0.0, *points]), max([100.0, *points])
    rows = []
    for variable, own in zip(nomogram.variables, points, strict=True):
        value = values[variable.name]
        word = dict(variable.levels).get(value, shown(value))
        rows.append(
            NomogramRow(
                label=variable.label,
                value=f"{word} {variable.unit}".strip(),
                points=f"{own:.1f}",
                start=100.0 * -low / (high - low),
                width=100.0 * nomogram.points_per_logit * variable.span / (high - low),
                place=100.0 * (own - low) / (high - low),
                outside=not variable.low <= value <= variable.high,
            )
        )
    return NomogramState(rows, float(total), float(nomogram.most), 100.0 * float(np.asarray(nomogram.risk(total))))
