"""An evaluation of the shipped bundle on made-up features: what it says, what it refuses, what it writes."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from RadFusionLib import Bundle, evaluate
from RadFusionLib.cohort import FeatureFile, Manifest, read_manifest
from RadFusionLib.errors import Cancelled, InputError, ManifestError
from RadFusionLib.evaluation.assessment import APPARENT, TEST
from RadFusionLib.evaluation.record import Evaluation
from RadFusionLib.evaluation.report import write_report
from RadFusionLib.evaluation.report.checklists import CLEAR, METRICS, TRIPOD_AI
from RadFusionLib.fusion.influence import feature_influence
from RadFusionLib.fusion.table import CLINICAL, FeatureTable
from RadFusionLib.resources import resource
from RadFusionLib.simulation import draw_latents, draw_outcomes, draw_survival

CASES, SEED = 60, 31


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return Bundle.load(resource("Bundles", "hcc-mvi-demonstration.radfusion"))


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """A manifest without images: outcomes, times and treatment as the simulator draws them."""
    latents = [draw_latents(SEED, index) for index in range(CASES)]
    outcome, _ = draw_outcomes(latents, 1.0, SEED)
    rng = np.random.default_rng(SEED)
    frame = pd.DataFrame({"case": [f"p{i:02}" for i in range(CASES)], "simulated": 1, "outcome": outcome})
    for name, values in draw_survival(latents, outcome, SEED).items():
        frame[name] = values
    frame["treatment"] = [latent.treatment for latent in latents]
    frame["center"] = ["ABC"[latent.center] for latent in latents]
    frame["scanner"] = [("SIM-Alpha", "SIM-Beta", "SIM-Gamma")[latent.center] for latent in latents]
    frame["clinical:diameter"] = [round(latent.diameter) for latent in latents]
    frame["clinical:age"], frame["clinical:sex"] = rng.normal(60, 9, CASES).round(), rng.integers(0, 2, CASES)
    for name in ("AFP", "ALT", "AST", "hepatitis"):
        frame[f"clinical:{name}"] = rng.integers(0, 2, CASES) if name == "hepatitis" else rng.lognormal(3.5, 0.5, CASES)
    return frame


def features_of(bundle: Bundle, table: pd.DataFrame, prints: Sequence[str] = ()) -> FeatureFile:
    """Features that lie where the training cases' did, and follow the outcome through the bundle's own risk."""
    names = tuple(n for n in bundle.domain.quantiles if not n.startswith(CLINICAL))
    rng = np.random.default_rng(5)
    levels = np.array([bundle.domain.quantiles[name] for name in names])
    middle, width = levels[:, 4], (levels[:, 5] - levels[:, 3]) / 1.35
    values = middle + width * rng.normal(size=(len(table), len(names)))
    cases = tuple(table["case"])
    slope = feature_influence(bundle.ensemble, FeatureTable(("middle",), names, middle[None]), names)
    # However many features the bundle uses, together they tell the groups apart about as well.
    shift = 0.8 / np.sqrt(np.count_nonzero(slope)) * np.sign(slope) * width
    values += np.where(table["outcome"].to_numpy(dtype=float)[:, None] == 1, 1, -1) * shift
    prints = tuple(prints) or tuple(f"print{i}" for i in range(len(table)))
    weights = bundle.weights
    record = {**bundle.recipe.extraction, "network": None if weights is None else {"sha256": weights.sha256}}
    # What the images look like is not made up: all alike, and unlike those of the training.
    alike = np.zeros((len(table), len(bundle.domain.appearance)))
    values = np.hstack([np.clip(values, levels[:, 0:1].T, levels[:, -1:].T), alike])
    return FeatureFile(FeatureTable(cases, (*names, *bundle.domain.appearance), values), prints, record)


@pytest.fixture(scope="session")
def features(bundle: Bundle, table: pd.DataFrame) -> FeatureFile:
    return features_of(bundle, table)


def manifest_of(frame: pd.DataFrame, folder: Path) -> Manifest:
    path = folder / "manifest.csv"
    frame.to_csv(path, index=False)
    return read_manifest(path)


@pytest.fixture(scope="session")
def found(
    bundle: Bundle, table: pd.DataFrame, features: FeatureFile, tmp_path_factory: pytest.TempPathFactory
) -> Evaluation:
    folder = tmp_path_factory.mktemp("evaluation")
    return evaluate(bundle, manifest_of(table, folder), features=features, resamples=40)


def test_the_numbers_are_those_of_other_software(bundle: Bundle, table: pd.DataFrame, found: Evaluation) -> None:
    from lifelines.statistics import logrank_test
    from sklearn.metrics import brier_score_loss, confusion_matrix, roc_auc_score

    risk = np.array([case.risk for case in found.cases])
    outcome, test = table["outcome"].to_numpy(), found.sets[TEST]
    assert list(found.sets) == [TEST]
    assert test.auc.value == pytest.approx(roc_auc_score(outcome, risk))
    assert test.auc.low < test.auc.value < test.auc.high
    assert test.brier.score == pytest.approx(brier_score_loss(outcome, risk))
    tn, fp, fn, tp = confusion_matrix(outcome, risk >= bundle.ensemble.threshold).ravel()
    counts = test.confusion
    assert (counts.true_negative, counts.false_positive, counts.false_negative, counts.true_positive) == (
        tn,
        fp,
        fn,
        tp,
    )
    high = risk >= bundle.ensemble.threshold
    for survival in test.survival:
        time, event = table[f"time:{survival.endpoint}"], table[f"event:{survival.endpoint}"]
        theirs = logrank_test(time[high], time[~high], event[high], event[~high])
        assert survival.log_rank is not None
        assert survival.log_rank.p == pytest.approx(theirs.p_value)
    assert [s.endpoint for s in test.survival] == ["DFS", "OS"]
    assert list(test.treatment) == ["DFS", "OS"]
    assert {t.variable for t in test.subgroups} == {"center", "scanner", "sex", "age", "diameter"}
    assert found.development.candidates == 11_461
    assert test.baseline is not None
    age = next(row for row in test.baseline.rows if row.variable == "age")
    assert [s.mean for s in age.spread] == pytest.approx(
        [table["clinical:age"][outcome == 1].mean(), table["clinical:age"][outcome == 0].mean()]
    )
    assert found.failures == {}


def test_cases_known_from_training_are_apparent_and_a_mix_is_split(
    bundle: Bundle, table: pd.DataFrame, features: FeatureFile, tmp_path: Path
) -> None:
    known = list(bundle.record.folds)[: CASES // 2]
    prints = [*known, *features.fingerprints[CASES // 2 :]]
    manifest = manifest_of(table.assign(split="test"), tmp_path)
    mixed = evaluate(bundle, manifest, features=features_of(bundle, table, prints), resamples=20)
    assert {name: one.cases for name, one in mixed.sets.items()} == {TEST: CASES // 2, APPARENT: CASES // 2}
    assert [case.set for case in mixed.cases] == [APPARENT] * (CASES // 2) + [TEST] * (CASES // 2)
    assert any("was trained on 30 of these 60 cases" in warning for warning in mixed.warnings)
    assert mixed.main.name == TEST

    part = table[: CASES // 2]
    all_known = evaluate(bundle, manifest_of(part, tmp_path), features=features_of(bundle, part, known), resamples=20)
    assert list(all_known.sets) == [APPARENT]
    assert "apparent performance" in all_known.warnings[0]
    page = write_report(all_known, tmp_path / "report").read_text(encoding="utf-8")
    assert "Apparent performance:" in page
    assert "Test set" not in page


def test_what_is_not_as_in_training_is_said(
    bundle: Bundle, table: pd.DataFrame, features: FeatureFile, tmp_path: Path
) -> None:
    frame = table.copy()
    frame.loc[:4, "scanner"] = "Strange"
    frame["center"] = np.where(frame["outcome"] == 1, "A", "B")
    frame.loc[frame.index >= 40, "center"] = "C"
    frame["outcome"] = frame["outcome"].astype(object)
    frame.loc[59, "outcome"] = ""
    frame.loc[58, "case"] = "not-extracted"
    found = evaluate(bundle, manifest_of(frame, tmp_path), features=features, resamples=20)
    said = " ".join(found.warnings)
    assert "From the scanner Strange, which was not among those of the training cases: 5 cases." in said
    assert "Without an outcome, so predicted but left out of every measure: 1 case." in said
    assert found.failures == {"not-extracted": "The feature file lacks the case not-extracted; extract it."}
    assert found.main.cases == CASES - 2
    center = next(t for t in found.main.subgroups if t.variable == "center")
    notes = {g.level: g.note for g in center.groups}
    assert notes["A"] == "only cases with the outcome, so no AUC"
    assert notes["B"] == "only cases without the outcome, so no AUC"
    missing = {m.variable: m.missing for m in found.missing if m.missing}
    assert missing["outcome"] == 1
    assert missing["risk (could be predicted)"] == 1


def test_a_set_too_small_is_left_out_and_said(
    bundle: Bundle, table: pd.DataFrame, features: FeatureFile, tmp_path: Path
) -> None:
    prints = [*list(bundle.record.folds)[: CASES - 2], *features.fingerprints[-2:]]
    found = evaluate(bundle, manifest_of(table, tmp_path), features=features_of(bundle, table, prints), resamples=20)
    assert list(found.sets) == [APPARENT]
    assert any("The test set has" in w and "needs at least 2 of each class" in w for w in found.warnings)


def spoil(frame: pd.DataFrame, column: str, row: int, value: Any) -> pd.DataFrame:
    frame = frame.astype({column: object}) if column in frame else frame.assign(**{column: ""})
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: f.drop(columns="outcome"), "gives no outcome; add a column outcome"),
        (lambda f: f.assign(outcome=0), "has 0 cases with the outcome; performance needs at least 2"),
        (lambda f: f.assign(outcome=[1] + [0] * (CASES - 1)), "has 1 case with the outcome"),
        (lambda f: spoil(f, "time:DFS", 3, 0), "Case p03 has time:DFS 0; a time must be above 0 months"),
        (lambda f: spoil(f, "time:OS", 3, -2), "Case p03|case p03"),
        (lambda f: spoil(f, "time:OS", 3, ""), "Case p03 has event:OS but no time:OS"),
        (lambda f: f.drop(columns="time:DFS"), "Case p00 has event:DFS but no time:DFS"),
        (lambda f: spoil(f, "case", 1, "p00"), "lists the case 'p00' more than once"),
        (lambda f: f.assign(simulated=0), "p00 is not a simulated case"),
        (lambda f: f.assign(case=[f"x{i}" for i in range(CASES)]), "None of the 60 cases could be predicted"),
    ],
)
def test_bad_input_is_one_sentence(
    bundle: Bundle, table: pd.DataFrame, features: FeatureFile, tmp_path: Path, change: Any, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence) as raised:
        evaluate(bundle, manifest_of(change(table.copy()), tmp_path), features=features, resamples=20)
    assert "\n" not in str(raised.value)


def test_a_missing_clinical_value_that_the_model_uses_fails_its_case(
    bundle: Bundle, table: pd.DataFrame, features: FeatureFile, tmp_path: Path
) -> None:
    used = [n.removeprefix(CLINICAL) for n in bundle.domain.quantiles if n.startswith(CLINICAL)]
    assert used
    frame = spoil(table.copy(), f"clinical:{used[0]}", 7, "")
    found = evaluate(bundle, manifest_of(frame, tmp_path), features=features, resamples=20)
    assert found.failures == {"p07": f"Case p07 has no clinical value {used[0]}, which the model uses; fill it in."}
    assert next(m for m in found.missing if m.variable == f"clinical:{used[0]}").missing == 1


def test_features_of_another_recipe_are_refused(
    bundle: Bundle, table: pd.DataFrame, features: FeatureFile, tmp_path: Path
) -> None:
    other = FeatureFile(features.table, features.fingerprints, {**features.record, "profile": "paper"})
    with pytest.raises(InputError, match="extracted with another profile"):
        evaluate(bundle, manifest_of(table, tmp_path), features=other)


def test_a_manifest_with_a_negative_time_is_refused_when_read(table: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="time:OS"):
        manifest_of(spoil(table.copy(), "time:OS", 3, -2), tmp_path)


def test_cancelling(bundle: Bundle, table: pd.DataFrame, features: FeatureFile, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        evaluate(bundle, manifest_of(table, tmp_path), lambda fraction, message: fraction < 0.5, features=features)


def test_the_report(found: Evaluation, bundle: Bundle, tmp_path: Path) -> None:
    page = write_report(found, tmp_path / "report")
    names = {
        "report.html", "report.json", "risks.csv", "checklist-tripod-ai.csv", "checklist-clear.csv",
        "checklist-metrics.csv",
    }  # fmt: skip
    assert {p.name for p in page.parent.iterdir()} == names
    assert [p.name for p in tmp_path.iterdir()] == ["report"]
    text = page.read_text(encoding="utf-8")
    # Self-contained: nothing is fetched and nothing runs.
    assert not re.search(r'(src|href)="(?!#)', text.replace("xlink:href=", ""))
    assert "<script" not in text
    assert text.count("DEMONSTRATION: trained on simulated cases") >= 2
    assert "Research use only. Not a medical device. Must not inform diagnosis or treatment." in text
    assert "Treatment was not given at random" in text
    assert text.count("<figure") >= 13
    for section in ("Performance", "Calibration", "Baseline", "Logistic regression", "Mispredicted cases", "Subgroups",
                    "Survival by risk group", "Treatment", "Features", "Nomogram", "Missing data", "Sample size",
                    "Checklists"):  # fmt: skip
        assert f"<h2>{section}</h2>" in text
    drawn = found.sets[TEST].correlation
    assert drawn is not None
    assert f"those 60 features of {60 + drawn.left_out} that most members of the final model use" in text
    used = Counter(name for member in bundle.ensemble.members for name in member.features)
    assert drawn.left_out == len(used) - 60 > 0
    assert min(used[name] for name in drawn.names) >= max(used[name] for name in set(used) - set(drawn.names))
    numbers = json.loads((page.parent / "report.json").read_text(encoding="utf-8"))
    assert numbers["notice"] == found.bundle.notice
    test = numbers["sets"]["test"]
    assert test["auc"]["value"] == found.sets[TEST].auc.value
    assert len(test["calibration_curve"]["risk"]) == len(test["calibration_curve"]["low"])
    assert test["survival"][0]["low"]["median"] == found.sets[TEST].survival[0].low.median  # type: ignore[union-attr]
    with (page.parent / "risks.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["risk"]) for row in rows] == [case.risk for case in found.cases]
    assert write_report(found, tmp_path / "again").read_text(encoding="utf-8") == text


def test_a_report_that_fails_leaves_the_former_one(
    found: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import RadFusionLib.evaluation.report.writing as writing

    page = write_report(found, tmp_path / "report")
    before = page.stat().st_mtime_ns

    def full(*parts: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "filled_csv", full)
    with pytest.raises(OSError, match="No space"):
        write_report(found, tmp_path / "report")
    with pytest.raises(OSError, match="No space"):
        write_report(found, tmp_path / "new")
    assert page.stat().st_mtime_ns == before
    assert [p.name for p in tmp_path.iterdir()] == ["report"]


def test_a_folder_with_other_things_is_not_touched(found: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="holds no earlier report; name another folder"):
        write_report(found, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_the_checklists_have_all_items() -> None:
    assert [len(c.items) for c in (TRIPOD_AI, CLEAR, METRICS)] == [52, 58, 30]
    for checklist in (TRIPOD_AI, CLEAR, METRICS):
        assert len({item.number for item in checklist.items}) == len(checklist.items)
        with pytest.raises(ValueError, match="has no item"):
            checklist.filled({"99z": "?"})


def test_a_checklist_leaves_open_what_only_the_author_knows(found: Evaluation, tmp_path: Path) -> None:
    page = write_report(found, tmp_path / "report")
    with (page.parent / "checklist-tripod-ai.csv").open(encoding="utf-8") as stream:
        rows = {row["item"]: row["known to the software"] for row in csv.DictReader(stream)}
    assert "AUC 0." in rows["23a"]
    assert "11,461 candidate features" in rows["10"]
    assert all(not rows[number] for number in ("3a", "17", "18a", "18b", "25", "26"))
