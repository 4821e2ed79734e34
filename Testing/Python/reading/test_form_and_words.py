"""The clinical form, a unit's levels, and the waterfall's arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from RadFusionLib.bundle import Bundle
from RadFusionLib.errors import InputError
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.reading.bundle_facts import ClinicalField, facts_of, levels
from RadFusionLib.reading.clinical_form import ClinicalForm
from RadFusionLib.reading.result_words import term_rows
from RadFusionLib.resources import resource


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("0 female, 1 male", ((0.0, "female"), (1.0, "male"))),
        ("0 none, 1 mild, 2 severe", ((0.0, "none"), (1.0, "mild"), (2.0, "severe"))),
        ("ng/mL", ()),
        ("10^9/L", ()),
        ("mm", ()),
        ("0 no", ()),
    ],
)
def test_levels_of_a_unit(unit: str, expected: object) -> None:
    assert levels(unit) == expected


def test_the_form_keeps_what_it_does_not_show_and_names_what_is_wrong() -> None:
    fields = (
        ClinicalField("AFP", "ng/mL", True, True, 3.0, 400.0),
        ClinicalField("sex", "0 female, 1 male", False, False),
    )
    form = ClinicalForm(fields, {"AFP": 82.25, "CEA": 1.5})
    assert form.values() == {"AFP": 82.25, "CEA": 1.5}
    assert [row.value for row in form.rows()] == ["82.25", ""]
    assert form.rows()[0].range == "training cases: 3 to 400"
    assert [choice.title for choice in form.rows()[1].choices] == ["female", "male"]
    assert form.missing() == ()
    form.enter("AFP", None)
    assert form.missing() == ("AFP",)
    for text in ("high", "nan", "inf", "1.2.3"):
        form.enter("AFP", text)
        with pytest.raises(InputError, match="AFP"):
            form.values()
    form.enter("AFP", " 12,5 ")
    form.enter("sex", "1")
    assert form.values() == {"AFP": 12.5, "sex": 1.0, "CEA": 1.5}


def test_a_value_says_whether_risk_interval_or_nothing_depends_on_it() -> None:
    uses = (("risk", True, True), ("interval", True, False), ("nothing", False, False))
    form = ClinicalForm([ClinicalField(name, "", *use) for name, *use in uses], {})
    assert [row.use for row in form.rows()] == ["", "interval only", "not used by this model"]
    # The interval needs its values too.
    assert form.missing() == ("risk", "interval")


def test_what_a_bundle_uses_is_what_moves_its_risk_and_its_interval() -> None:
    """Asked of the ensemble itself, by what its risk and interval do when the value changes."""
    bundle = Bundle.load(resource("Bundles", "hcc-mvi-demonstration.radfusion"))
    known = bundle.domain.quantiles
    names = sorted({*bundle.ensemble.features, *bundle.ensemble.interval_features, *known})
    middle = np.array([[known[n][len(known[n]) // 2] if n in known else 0.0 for n in names]])
    (before,) = bundle.ensemble.predict(table := FeatureTable(("a",), tuple(names), middle))
    for field in facts_of(bundle).clinical:
        moved = {"risk": 0.0, "interval": 0.0}
        for end in (field.low, field.high):
            column = table.position.get(f"clinical_{field.name}")
            if column is None or end is None:
                continue
            values = middle.copy()
            values[0, column] = end
            (after,) = bundle.ensemble.predict(replace(table, values=values))
            moved["risk"] = max(moved["risk"], abs(after.risk - before.risk))
            moved["interval"] = max(moved["interval"], abs(after.low - before.low), abs(after.high - before.high))
        assert (moved["risk"] > 0) <= field.moves_risk, field.name
        assert (moved["interval"] > 0) == field.used, field.name


def test_bars_join_end_to_end_and_the_rest_is_added_up() -> None:
    terms = [
        {"label": f"feature {n}", "unit": "", "value": 1.0, "contribution": value}
        for n, value in enumerate([1.0, -0.8, 0.6, 0.5, -0.4, 0.3, 0.2, -0.1, 0.05, 0.04])
    ]
    rows = term_rows(terms, -0.3)
    assert len(rows) == 9
    assert rows[-1].label == "the other 2 together"
    assert rows[-1].addend == "+0.09"
    at = None
    for row in rows:
        begin, end = (row.start, row.start + row.width) if row.raises else (row.start + row.width, row.start)
        assert at is None or begin == pytest.approx(at, abs=1e-9)
        at = end
        assert row.start >= -1e-9
        assert row.start + row.width <= 100 + 1e-9
