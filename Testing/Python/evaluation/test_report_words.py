"""What a report says where figures would be misread."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from RadFusionLib.evaluation.baseline import baseline_table
from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.evaluation.logistic_table import logistic_table
from RadFusionLib.evaluation.misprediction import misprediction
from RadFusionLib.evaluation.record import NomogramFacts
from RadFusionLib.evaluation.report.document import Notice, Paragraph, Table
from RadFusionLib.evaluation.report.inner_models import nomogram_section
from RadFusionLib.evaluation.report.mispredicted import misprediction_section
from RadFusionLib.evaluation.report.regression import logistic_section
from RadFusionLib.evaluation.report.sections import _limits
from RadFusionLib.explain.nomogram import Nomogram, NomogramVariable


def of(kind: type, section: Any) -> list[Any]:
    return [block for block in section.blocks if isinstance(block, kind)]


def test_a_nomogram_far_from_its_model_says_first_that_no_risk_can_be_read_off_it():
    nomogram = Nomogram((NomogramVariable("age", "age", 1.0, 0.0, 1.0),), 0.0)
    near, far = (nomogram_section(NomogramFacts(nomogram, "", difference)) for difference in (0.031, 0.678))
    assert not of(Notice, near)
    assert isinstance(far.blocks[0], Notice)
    assert "up to 67.8 percentage points" in far.blocks[0].sentences[0]


def test_the_p_of_a_firth_model_is_not_called_wald_s():
    generator = np.random.default_rng(3)
    outcome = np.repeat([0, 1], 20)
    one: Any = SimpleNamespace(name="test", cases=40, positive=20)
    variables = {"age": generator.normal(60, 9, 40), "parted": outcome + 0.1 * generator.normal(size=40)}
    section = logistic_section(one, logistic_table(outcome, variables), "")
    assert of(Table, section)[0].header[-1] == "p"
    said = [block.text for block in of(Paragraph, section)]
    assert "The p is Wald's, and the penalised likelihood ratio's where odds ratios are Firth's." in said
    assert "parted separates the outcome: odds ratios are Firth's, since the usual ones are infinite." in said
    section = logistic_section(one, logistic_table(outcome, {"age": variables["age"]}), "")
    assert "The p is Wald's." in [block.text for block in of(Paragraph, section)]


def test_one_mispredicted_case_is_not_compared_with_the_others():
    outcome, risk = np.repeat([0, 1], 10), np.repeat([0.2, 0.8], 10)
    age = np.arange(20.0)
    for wrong in (1, 2):
        risk[:wrong] = 0.9
        one: Any = SimpleNamespace(
            threshold=0.5, cases=20, misprediction=misprediction(outcome, risk, 0.5, {"age": age})
        )
        section = misprediction_section(one, "")
        said = " ".join(block.text for block in of(Paragraph, section))
        assert f"{wrong} of 20 cases {'is' if wrong == 1 else 'are'} on the wrong side" in said
        assert len(of(Table, section)) == wrong
        assert ("One case alone cannot be compared" in said) == (wrong == 1)
    # As it would have been: a row of one value, and no test.
    assert "needs two groups of two" in baseline_table(np.arange(20) < 1, {"age": age}).rows[0].test


def test_an_area_without_interval_says_so():
    assert _limits(Estimate(1.0, float("nan"), float("nan"), 0.95, "none"), 2) == "no interval"
    assert _limits(Estimate(0.9, 0.8, 0.95, 0.95, "DeLong"), 2) == "95 % interval 0.80 to 0.95"
