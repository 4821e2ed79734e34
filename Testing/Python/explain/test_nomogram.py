"""The nomogram, read with a ruler from the file that was drawn."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from RadFusionLib.errors import InputError
from RadFusionLib.explain.nomogram import Nomogram, NomogramVariable
from RadFusionLib.explain.nomogram_drawing import draw_nomogram

NAMES = ("signature", "radiomics", "age", "albumin", "afp", "sex")
WORDS = {"sex": ((0.0, "female"), (1.0, "male"))}


@pytest.fixture(scope="module")
def fitted():
    """A logistic model of z-scores by scikit-learn, its nomogram, and the cases."""
    rng = np.random.default_rng(3)
    n = 160
    X = np.column_stack(
        [
            rng.beta(2, 2, n),
            rng.beta(3, 2, n),
            rng.normal(58, 11, n),
            rng.normal(41, 4, n),
            rng.lognormal(3, 1.2, n),
            rng.integers(0, 2, n),
        ]
    )
    y = rng.random(n) < 1 / (1 + np.exp(-(6 * X[:, 0] + 3 * X[:, 1] - 0.03 * X[:, 2] - 0.1 * X[:, 3] + 0.8)))
    scaler = StandardScaler().fit(X)
    model = LogisticRegression(C=10.0).fit(scaler.transform(X), y)
    variables = [
        NomogramVariable(name, name, float(c), float(low), float(high), "", WORDS.get(name, ()))
        for name, c, low, high in zip(NAMES, model.coef_[0], X.min(axis=0), np.percentile(X, 97, axis=0), strict=True)
    ]
    nomogram = Nomogram.of_standardised(
        variables, scaler.mean_, scaler.scale_, float(model.intercept_[0]), "perineural invasion"
    )
    return nomogram, X, model.predict_proba(scaler.transform(X))[:, 1]


class Drawing:
    """Positions along the axes, read from an SVG."""

    def __init__(self, path: Path) -> None:
        self.ticks: dict[str, dict[float, float]] = {}
        self.marks: dict[str, float] = {}
        for element in ElementTree.parse(path).iter():
            name = element.get("id", "")
            if name.startswith("tick."):
                _, row, value = name.split(".", 2)
                path_data = next(e.get("d") for e in element.iter() if e.tag.endswith("path"))
                x = float(re.match(r"\s*M\s*([-\d.]+)", path_data or "").group(1))  # type: ignore[union-attr]
                self.ticks.setdefault(row, {})[float(value)] = x
            elif name.startswith("case."):
                use = next(e for e in element.iter() if e.tag.endswith("use"))
                self.marks[name.removeprefix("case.")] = float(use.get("x", "nan"))

    def read(self, row: str, x: float) -> float:
        """What a ruler reads between the two ticks around a place."""
        values = sorted(self.ticks[row], key=lambda v: self.ticks[row][v])
        return float(np.interp(x, [self.ticks[row][v] for v in values], values))


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5])
def test_total_and_risk_read_off_are_the_models(fitted, number, tmp_path):
    nomogram, X, risk = fitted
    case = int(np.argsort(risk)[[2, 30, 70, 100, 130, 157][number]])
    values = dict(zip(NAMES, X[case], strict=True))
    drawing = Drawing(draw_nomogram(nomogram, tmp_path / "nomogram.svg", values))
    assert set(drawing.marks) == {*NAMES, "total", "risk"}
    # As a reader does: the points above each mark, their sum on the total's axis, the risk below it.
    points = {name: drawing.read("points", drawing.marks[name]) for name in NAMES}
    total = sum(points.values())
    span = max(drawing.ticks["total"]) - min(drawing.ticks["total"])
    assert abs(total - nomogram.total(values)) < 0.005 * span
    assert abs(total - drawing.read("total", drawing.marks["total"])) < 0.005 * span
    place = np.interp(total, sorted(drawing.ticks["total"]), sorted(drawing.ticks["total"].values()))
    assert drawing.read("risk", float(place)) == pytest.approx(risk[case], abs=0.005)
    assert drawing.read("risk", drawing.marks["risk"]) == pytest.approx(risk[case], abs=0.005)
    assert float(nomogram.risk(nomogram.total(values))) == pytest.approx(risk[case], abs=1e-12)


def test_a_value_is_where_its_row_says(fitted, tmp_path):
    nomogram, X, _ = fitted
    values = dict(zip(NAMES, X[7], strict=True))
    drawing = Drawing(draw_nomogram(nomogram, tmp_path / "nomogram.svg", values))
    for variable in nomogram.variables:
        ticks = drawing.ticks[variable.name]
        slope, start = np.polyfit(list(ticks), list(ticks.values()), 1)
        assert drawing.marks[variable.name] == pytest.approx(slope * values[variable.name] + start, abs=0.2)


def test_the_widest_variable_spans_a_hundred_points_and_none_is_negative(fitted):
    nomogram, _, _ = fitted
    ends = np.array([[nomogram.points(v, v.low), nomogram.points(v, v.high)] for v in nomogram.variables])
    assert ends.min() == pytest.approx(0, abs=1e-9)
    assert ends.max() == pytest.approx(100)
    assert ends.min(axis=1) == pytest.approx(0, abs=1e-9)
    assert nomogram.total_of_risk(nomogram.risk(55.5)) == pytest.approx(55.5)


def test_a_value_beyond_its_range_is_marked_and_counted(fitted, tmp_path):
    nomogram, X, _ = fitted
    values = dict(zip(NAMES, X[7], strict=True)) | {"signature": 1.6, "albumin": 75.0}
    drawing = Drawing(draw_nomogram(nomogram, tmp_path / "nomogram.svg", values))
    for name in ("signature", "albumin"):
        variable = next(v for v in nomogram.variables if v.name == name)
        read = drawing.read("points", drawing.marks[name])
        assert read == pytest.approx(nomogram.points(variable, values[name]), abs=0.3)
    assert drawing.read("points", drawing.marks["signature"]) > 100
    assert drawing.read("points", drawing.marks["albumin"]) < 0


def test_both_formats_and_the_same_bytes(fitted, tmp_path):
    from PIL import Image

    nomogram, X, _ = fitted
    values = dict(zip(NAMES, X[0], strict=True))
    png = np.asarray(Image.open(draw_nomogram(nomogram, tmp_path / "n.png", values, notice="Research use only.")))
    assert png.shape[1] > 1000
    first = draw_nomogram(nomogram, tmp_path / "a.svg", values).read_bytes()
    assert draw_nomogram(nomogram, tmp_path / "b.svg", values).read_bytes() == first
    assert "case.risk" not in draw_nomogram(nomogram, tmp_path / "c.svg").read_text()
    with pytest.raises(InputError, match=r"n\.pdf; name a file that ends in"):
        draw_nomogram(nomogram, tmp_path / "n.pdf")


def test_what_cannot_be_drawn_is_one_sentence(fitted, tmp_path):
    nomogram, X, _ = fitted
    values = dict(zip(NAMES, X[0], strict=True))
    with pytest.raises(InputError, match="needs a value of age; fill it in"):
        draw_nomogram(nomogram, tmp_path / "n.svg", {k: v for k, v in values.items() if k != "age"})
    with pytest.raises(InputError, match="range of age runs from 5 to 5"):
        Nomogram((NomogramVariable("age", "age", 1.0, 5.0, 5.0),), 0.0)
    with pytest.raises(InputError, match="no nomogram to draw"):
        Nomogram((NomogramVariable("age", "age", 0.0, 1.0, 5.0),), 0.0)
