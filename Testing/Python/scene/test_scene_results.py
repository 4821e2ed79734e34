"""The table holds every number, warning and the research-use sentence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from RadFusionLib.bundle.card import DEMONSTRATION, RESEARCH_USE
from RadFusionLib.scene import SceneLogic
from RadFusionLib.scene.results import summary
from RadFusionLib.scene.text_tables import read_table


def test_rows(scene: Any, prediction: SimpleNamespace) -> None:
    node = SceneLogic().createResultTable(prediction)
    rows = read_table(node)
    values = dict(rows)
    assert abs(float(values["risk"]) - prediction.risk) < 1e-12
    assert float(values["risk_low"]) == prediction.risk_low
    assert float(values["risk_high"]) == prediction.risk_high
    assert values["group"] == "low"
    assert float(values["threshold"]) == 0.4
    assert float(values["model_spread (not a confidence interval)"]) == prediction.model_spread
    assert float(values["prevalence in training"]) == 0.37
    assert values["bundle"] == "hcc-mvi-1-small"
    assert [v for k, v in rows if k == "warning"] == [
        "The scanner is not among those of training.",
        "He said 'no'.",
    ]
    assert rows[-1] == ("research use", f"{DEMONSTRATION} {RESEARCH_USE}")
    assert node.GetAttribute("RadFusion.result") == "1"
    assert node.GetLocked()


def test_no_warning_is_never_worded_as_safe(scene: Any, prediction: SimpleNamespace) -> None:
    prediction.warnings = ()
    rows = read_table(SceneLogic().createResultTable(prediction))
    assert dict(rows)["warning"] == "none; this does not mean that the model fits this patient"


def test_written_over(scene: Any, prediction: SimpleNamespace) -> None:
    node = SceneLogic().createResultTable(prediction)
    prediction.risk = 0.9
    assert SceneLogic().createResultTable(prediction, node) is node
    rows = read_table(node)
    assert dict(rows)["risk"] == "0.9"
    assert [k for k, _ in rows].count("risk") == 1


def test_summary_says_all_that_goes_with_a_risk(prediction: SimpleNamespace) -> None:
    text = summary(prediction)
    assert "risk 12 % (90 % interval 5 to 31 %), low risk (threshold 40 %)" in text
    assert "In training, 37 % had the outcome." in text
    assert all(warning in text for warning in prediction.warnings)
    assert text.endswith(f"{DEMONSTRATION} {RESEARCH_USE}")
