"""Cohorts and recipes that cannot be used: each is one clear sentence at the command line, with nothing written."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from RadFusionLib.bundle import Bundle
from RadFusionLib.cli.command import main
from RadFusionLib.cohort import FeatureFile, read_features, write_features
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.step_check import check_steps
from RadFusionLib.recipe import Recipe, load_recipe, recipe_names

CASES = 48
SCANNERS = ("one", "other")

RECIPE: dict[str, Any] = {
    "schema": 1,
    "name": "quick",
    "outcome": {"name": "early recurrence", "positive": "recurrence"},
    "imaging": {"phases": ["ADC"], "reference_phase": "ADC", "normalisation": {"method": "zscore", "scale": 100}},
    "regions": {"tumor": {}},
    "cr": {"spacing": [4, 4, 4], "interpolator": "sitkLinear", "bin_width": 16, "image_types": ["original"]},
    "clinical": [{"name": "age", "unit": "years"}, {"name": "CEA", "unit": "ng/mL"}],
    "models": [
        {
            "name": "signature",
            "families": ["cr"],
            "steps": [{"combat": {"missing": "pass", "unseen": "flag"}}, {"zscore": {}}, {"mrmr": {"n_features": 4}}],
            "classifier": {"logistic": {"C": 1.0}},
        },
        {
            "name": "clinic",
            "families": ["clinical"],
            "steps": [{"zscore": {}}],
            "classifier": {"logistic": {"C": 1.0}},
        },
        {"name": "both", "stack": ["signature"], "clinical": "clinic", "classifier": {"firth": {}}},
    ],
    "final": {"candidates": ["both"]},
    "folds": {"outer": 3, "inner": 2},
    "interval": {"level": 0.9, "refits": 2},
}


@dataclass(frozen=True)
class Cohort:
    """Files that are in order, to be spoilt one at a time.

    Parameters
    ----------
    recipe, manifest, features, bundle : Path
        Of 48 made-up patients without images, and what was trained on them.
    images : Path
        The manifest of four simulated patients with images.
    """

    recipe: Path
    manifest: Path
    features: Path
    bundle: Path
    images: Path


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("bad")
    recipe = written(RECIPE, folder / "quick.yaml")
    simulated = folder / "simulated"
    words = ["simulate", "--recipe", str(recipe), "--cases", "4", "--seed", "3", "--out", str(simulated), "--quiet"]
    assert main(words) == 0
    frame = pd.read_csv(simulated / "manifest.csv", dtype=str).assign(scanner="one")
    frame.to_csv(simulated / "manifest.csv", index=False)
    few = folder / "few.parquet"
    given = ["--recipe", str(recipe), "--manifest", str(simulated / "manifest.csv"), "--quiet"]
    assert main(["extract", *given, "--out", str(few)]) == 0
    manifest, features = made_up(few, folder)
    bundle = folder / "quick.radfusion"
    assert main(train_words(recipe, manifest, features, bundle)) == 0
    return Cohort(recipe, manifest, features, bundle, simulated / "manifest.csv")


def made_up(few: Path, folder: Path) -> tuple[Path, Path]:
    """48 patients around the four: one feature follows the outcome, so do age and CEA."""
    origin = read_features(few)
    rng = np.random.default_rng(6)
    outcome = np.arange(CASES) % 2
    known = np.isfinite(origin.table.values).all(axis=0)
    names = tuple(name for name, k in zip(origin.table.names, known, strict=True) if k)
    around = origin.table.columns(names)
    values = around.mean(axis=0) + (around.std(axis=0) + 0.01) * rng.normal(size=(CASES, len(names)))
    values[:, 3] += outcome * (values[:, 3].std() * 2)
    cases = tuple(f"p{i:02}" for i in range(CASES))
    made = FeatureFile(FeatureTable(cases, names, values), tuple(f"print{i}" for i in range(CASES)), origin.record)
    frame = pd.DataFrame(
        {
            "case": cases,
            "simulated": 1,
            "outcome": outcome,
            "scanner": [SCANNERS[i % 4 // 2] for i in range(CASES)],
            "center": ["A" if i % 3 else "B" for i in range(CASES)],
            "clinical:age": (60 + 6 * outcome + rng.normal(0, 8, CASES)).round(),
            "clinical:CEA": (3 + outcome + rng.normal(0, 1, CASES)).round(1),
            "time:DFS": rng.exponential(20, CASES).round(1) + 0.1,
            "event:DFS": rng.integers(0, 2, CASES),
        }
    )
    frame.to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv", write_features(made, folder / "features.parquet")


def written(document: dict[str, Any], path: Path) -> Path:
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def train_words(recipe: Path, manifest: Path, features: Path, out: Path) -> list[str]:
    given = ["--recipe", str(recipe), "--manifest", str(manifest), "--features", str(features)]
    return ["train", *given, "--out", str(out), "--quiet"]


def evaluate_words(bundle: Path, manifest: Path, features: Path, out: Path) -> list[str]:
    given = ["--bundle", str(bundle), "--manifest", str(manifest), "--features", str(features)]
    return ["evaluate", *given, "--out", str(out), "--quiet"]


def changed(origin: Path, folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """The manifest with something wrong in it; its images stay where they are."""
    frame = pd.read_csv(origin, dtype=object, keep_default_na=False)
    for column in frame:
        if column.split(":")[0] in ("image", "mask", "truth"):
            frame[column] = [str(origin.parent / path) if path else "" for path in frame[column]]
    path = folder / "manifest.csv"
    change(frame).to_csv(path, index=False)
    return path


def cell(column: str, row: int, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[row, column] = value
        return frame

    return change


def refused(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence of a command that exits 2 and leaves the folder as it was."""
    before = delivered(folder)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("radfusion: ")
    assert said.count("\n") == 1
    assert said.rstrip().endswith(".")
    assert "Traceback" not in said
    assert delivered(folder) == before
    return said


def delivered(folder: Path) -> set[Path]:
    """Every file but those of the hidden store, in which finished work waits for ``--resume``."""
    files = {path for path in folder.rglob("*") if path.is_file()}
    return {path for path in files if not any(re.fullmatch(r"\..*radfusion", part) for part in path.parts)}


COHORTS = [
    pytest.param(
        lambda f: f.assign(outcome=[1 if i < 3 else 0 for i in range(CASES)]),
        "There are 3 training cases with the outcome and 45 without", id="fewer-events-than-folds",
    ),
    pytest.param(
        lambda f: f.assign(outcome=1), "There are 48 training cases with the outcome and 0 without",
        id="one-class-only",
    ),
    pytest.param(
        cell("case", 5, "p04"), "lists the case 'p04' more than once; ids must be unique", id="a-case-twice",
    ),
    pytest.param(
        cell("clinical:CEA", 5, ""), "Case p05 has no clinical value CEA; fill clinical:CEA in",
        id="a-clinical-value-missing",
    ),
    pytest.param(
        lambda f: f.drop(columns="clinical:age"), "Case p00 has no clinical value age; fill clinical:age in",
        id="a-clinical-column-missing",
    ),
    pytest.param(cell("outcome", 5, ""), "gives no outcome for 1 cases", id="an-outcome-missing"),
    pytest.param(cell("time:DFS", 5, -1), "case p05 has the time:DFS -1; give months", id="a-negative-time"),
    pytest.param(cell("event:DFS", 5, 2), "case p05 has the event:DFS 2; it must be 0 or 1", id="an-event-of-2"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), COHORTS)
def test_train_refuses_a_cohort(
    cohort: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any, sentence: str
) -> None:
    manifest = changed(cohort.manifest, tmp_path, change)
    words = train_words(cohort.recipe, manifest, cohort.features, tmp_path / "b.radfusion")
    assert sentence in refused(words, tmp_path, capsys)


def spoilt_features(cohort: Cohort, folder: Path, constant: slice) -> Path:
    origin = read_features(cohort.features)
    values = origin.table.values.copy()
    values[:, constant] = 7.0
    table = FeatureTable(origin.table.cases, origin.table.names, values)
    return write_features(FeatureFile(table, origin.fingerprints, origin.record), folder / "features.parquet")


def test_train_goes_on_without_constant_features(cohort: Cohort, tmp_path: Path) -> None:
    features = spoilt_features(cohort, tmp_path, slice(0, 60, 2))
    out = tmp_path / "b.radfusion"
    assert main(train_words(cohort.recipe, cohort.manifest, features, out)) == 0
    used = set(Bundle.load(out).ensemble.features)
    names = read_features(features).table.names
    assert used & set(names[1:60:2])
    assert not used & set(names[0:60:2])


def test_train_refuses_features_that_are_all_constant(
    cohort: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    features = spoilt_features(cohort, tmp_path, slice(None))
    words = train_words(cohort.recipe, cohort.manifest, features, tmp_path / "b.radfusion")
    said = refused(words, tmp_path, capsys)
    assert "of the model signature varies and is known in every training case; check images and masks" in said


def with_steps(steps: list[Any]) -> dict[str, Any]:
    first, *rest = RECIPE["models"]
    return {**RECIPE, "models": [{**first, "steps": steps}, *rest]}


def with_classifier(classifier: dict[str, Any]) -> dict[str, Any]:
    first, *rest = RECIPE["models"]
    return {**RECIPE, "models": [{**first, "classifier": classifier}, *rest]}


def with_ranking(**changes: Any) -> dict[str, Any]:
    """Models that take the recipe's own steps, whose features are ranked by elimination."""
    steps = [{"zscore": {}}, {"correlation": {"threshold": 0.9}}, {"elimination": {"most": 4}}]
    ranked = {"steps": steps, "classifier": {"svm": {"kernel": "linear"}}, "final": {"candidates": ["signature"]}}
    return {**RECIPE, "models": [{"name": "signature", "families": ["cr"]}], **ranked, **changes}


NETWORK = {"input": {"kind": "slice", "phase": "HBP", "region": "tumor"}, "training": {"network": "compact_2d"}}
RECIPES = [
    pytest.param(with_steps([{"lassoo": {}}]), ("step 'lassoo'", "use one of", "lasso"), id="unknown-step"),
    pytest.param(
        with_steps([{"mrmr": {"features": 4}}]), ("step mrmr", "'features'", "n_features"),
        id="unknown-parameter-of-a-step",
    ),
    pytest.param(with_steps([{"pca": {}}]), ("step pca", "components"), id="a-parameter-lacks"),
    pytest.param(
        with_classifier({"forest": {}}), ("no classifier 'forest'", "random_forest"), id="unknown-classifier"
    ),
    pytest.param(
        with_classifier({"logistic": {"c": 1}}), ("logistic has no parameter 'c'",),
        id="unknown-parameter-of-a-classifier",
    ),
    pytest.param(
        with_classifier({"choose": {"candidates": ["logistic", "forest"]}}), ("no classifier 'forest'",),
        id="unknown-candidate",
    ),
    pytest.param(
        with_classifier({"random_forest": {"grid": {"depth": [2, 3]}}}), ("random_forest has no parameter 'depth'",),
        id="unknown-parameter-in-a-grid",
    ),
    pytest.param(
        with_ranking(classifier={"svm": {"C": 1.0}}), ("signature ranks its features", "kernel: linear"),
        id="a-ranking-without-weights",
    ),
    pytest.param(
        with_ranking(classifier={"logistic": {}}), ("signature ranks its features", "svm"), id="a-ranking-by-another",
    ),
    pytest.param(
        with_ranking(steps=[{"lasso": {}}, {"elimination": {}}]), ("step 'lasso' does not go with elimination",),
        id="a-ranking-with-another-step",
    ),
    pytest.param(with_ranking(steps=[{"zscore": {}}], classifier={}), ("has no classifier",), id="no-classifier"),
    pytest.param({**RECIPE, "networks": {"slice": NETWORK}}, ("network slice", "'HBP'", "ADC"), id="phase-not-there"),
    pytest.param(
        {**RECIPE, "networks": {"slice": {"input": "slice", "training": {}}}}, ("network slice", "input"),
        id="a-network-input-that-is-a-word",
    ),
    pytest.param({**RECIPE, "imaging": {"phases": ["XP"]}}, ("unknown phases ['XP']",), id="unknown-phase"),
    pytest.param({**RECIPE, "classifer": {}}, ("unknown entries classifer",), id="unknown-entry"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "parts"), RECIPES)
def test_train_refuses_a_recipe_before_any_image_is_read(
    cohort: Cohort,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    document: dict[str, Any],
    parts: tuple[str, ...],
) -> None:
    # The manifest's cases have no images: a recipe found wrong only after extraction would be said too late.
    recipe = written(document, tmp_path / "wrong.yaml")
    given = ["--recipe", str(recipe), "--manifest", str(cohort.manifest)]
    said = refused(["train", *given, "--out", str(tmp_path / "b.radfusion"), "--quiet"], tmp_path, capsys)
    for part in parts:
        assert part in said


def test_no_recipe_that_comes_with_the_software_is_refused() -> None:
    for name in recipe_names():
        for profile in ("paper", "small"):
            check_steps(load_recipe(name, profile))
    assert len(recipe_names()) >= 5
    check_steps(Recipe.from_document(with_ranking()))


EVALUATIONS = [
    pytest.param(cell("time:DFS", 5, 0), "Case p05 has time:DFS 0; a time must be above 0 months", id="time-of-zero"),
    pytest.param(cell("time:DFS", 5, -3), "case p05 has the time:DFS -3", id="negative-time"),
    pytest.param(cell("time:DFS", 5, ""), "Case p05 has event:DFS but no time:DFS", id="event-without-time"),
    pytest.param(cell("case", 5, "p04"), "lists the case 'p04' more than once", id="a-case-twice"),
    pytest.param(lambda f: f.assign(outcome=0), "has 0 cases with the outcome", id="one-class-only"),
]


@pytest.mark.parametrize(("change", "sentence"), EVALUATIONS)
def test_evaluate_refuses_a_cohort(
    cohort: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any, sentence: str
) -> None:
    manifest = changed(cohort.manifest, tmp_path, change)
    words = evaluate_words(cohort.bundle, manifest, cohort.features, tmp_path / "out")
    assert sentence in refused(words, tmp_path, capsys)


def test_evaluate_says_which_centre_has_one_class_only(cohort: Cohort, tmp_path: Path) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(center=["C" if o == "1" and i < 12 else "A" for i, o in enumerate(frame["outcome"])])

    manifest = changed(cohort.manifest, tmp_path, change)
    assert main(evaluate_words(cohort.bundle, manifest, cohort.features, tmp_path / "out")) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    (found,) = report["sets"].values()
    table = next(t for t in found["subgroups"] if t["variable"] == "center")
    group = {g["level"]: g for g in table["groups"]}
    assert group["C"]["auc"] is None
    assert group["C"]["note"] == "only cases with the outcome, so no AUC"
    assert group["A"]["auc"] is not None
    assert "only cases with the outcome, so no AUC" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_evaluate_lists_a_case_that_lacks_a_clinical_value(cohort: Cohort, tmp_path: Path) -> None:
    manifest = changed(cohort.manifest, tmp_path, cell("clinical:CEA", 7, ""))
    assert main(evaluate_words(cohort.bundle, manifest, cohort.features, tmp_path / "out")) == 1
    with (tmp_path / "out" / "failures.csv").open(encoding="utf-8") as stream:
        assert list(csv.DictReader(stream)) == [
            {"case": "p07", "reason": "Case p07 has no clinical value CEA, which the model uses; fill it in."}
        ]


def test_evaluate_says_a_scanner_that_training_never_saw(
    cohort: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = changed(cohort.manifest, tmp_path, cell("scanner", 7, "strange"))
    words = [w for w in evaluate_words(cohort.bundle, manifest, cohort.features, tmp_path / "out") if w != "--quiet"]
    assert main(words) == 0
    sentence = "From the scanner strange, which was not among those of the training cases: 1 case."
    assert sentence in capsys.readouterr().out
    assert sentence in json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["warnings"]


@pytest.fixture(scope="module")
def strict_bundle(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same recipe, whose ComBat refuses a scanner that training never saw."""
    folder = tmp_path_factory.mktemp("strict")
    steps = [{"combat": {"unseen": "refuse"}}, {"zscore": {}}, {"mrmr": {"n_features": 4}}]
    recipe = written(with_steps(steps), folder / "strict.yaml")
    assert main(train_words(recipe, cohort.manifest, cohort.features, folder / "strict.radfusion")) == 0
    return folder / "strict.radfusion"


def test_a_combat_that_refuses_fails_the_case_of_an_unseen_scanner(
    cohort: Cohort, strict_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = changed(cohort.manifest, tmp_path, cell("scanner", 7, "strange"))
    assert main(evaluate_words(strict_bundle, manifest, cohort.features, tmp_path / "out")) == 1
    sentence = "The scanner 'strange' was not in the training, so its features cannot be harmonised"
    with (tmp_path / "out" / "failures.csv").open(encoding="utf-8") as stream:
        (failure,) = csv.DictReader(stream)
    assert failure["case"] == "p07"
    assert sentence in failure["reason"]
    manifest = changed(cohort.images, tmp_path, lambda f: f.head(1).assign(scanner="strange"))
    words = ["predict", "--bundle", str(strict_bundle), "--manifest", str(manifest), "--write", "none", "--quiet"]
    assert sentence in refused([*words, "--out", str(tmp_path / "p")], tmp_path, capsys)


def test_a_combat_that_refuses_needs_scanners_to_train(
    cohort: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = changed(cohort.manifest, tmp_path, cell("scanner", 7, ""))
    words = train_words(cohort.recipe, manifest, cohort.features, tmp_path / "b.radfusion")
    assert "fill the column scanner of the manifest for every case" in refused(words, tmp_path, capsys)


def predict_words(cohort: Cohort, manifest: Path, out: Path) -> list[str]:
    given = ["--bundle", str(cohort.bundle), "--manifest", str(manifest), "--out", str(out)]
    return ["predict", *given, "--write", "none", "--quiet"]


def test_predict_warns_of_a_scanner_that_training_never_saw(cohort: Cohort, tmp_path: Path) -> None:
    manifest = changed(cohort.images, tmp_path, lambda f: f.head(2).assign(scanner=["strange", "one"]))
    assert main(predict_words(cohort, manifest, tmp_path / "out")) == 0
    with (tmp_path / "out" / "risk.csv").open(encoding="utf-8") as stream:
        strange, known = csv.DictReader(stream)
    assert "The scanner strange was not among those of the training cases." in strange["warnings"]
    assert "scanner" not in known["warnings"]


PREDICTIONS = [
    pytest.param(
        cell("clinical:CEA", 0, ""), "has no clinical value CEA, which the model uses; fill it in",
        id="a-clinical-value-missing",
    ),
    pytest.param(lambda f: f.drop(columns="image:ADC"), "ADC", id="a-phase-missing"),
    pytest.param(lambda f: pd.concat([f, f]), "more than once", id="a-case-twice"),
    pytest.param(cell("time:DFS", 0, -1), "has the time:DFS -1", id="negative-time"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), PREDICTIONS)
def test_predict_refuses_a_case(
    cohort: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any, sentence: str
) -> None:
    manifest = changed(cohort.images, tmp_path, lambda f: change(f.head(1).copy()))
    assert sentence in refused(predict_words(cohort, manifest, tmp_path / "out"), tmp_path, capsys)


def test_predict_lists_a_case_that_lacks_a_clinical_value_and_delivers_the_other(
    cohort: Cohort, tmp_path: Path
) -> None:
    manifest = changed(cohort.images, tmp_path, lambda f: cell("clinical:CEA", 0, "")(f.head(2).copy()))
    assert main(predict_words(cohort, manifest, tmp_path / "out")) == 1
    with (tmp_path / "out" / "failures.csv").open(encoding="utf-8") as stream:
        (failure,) = csv.DictReader(stream)
    assert "has no clinical value CEA" in failure["reason"]
    with (tmp_path / "out" / "risk.csv").open(encoding="utf-8") as stream:
        (risk,) = csv.DictReader(stream)
    assert risk["case"] != failure["case"]
