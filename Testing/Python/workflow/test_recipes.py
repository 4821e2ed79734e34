"""The five recipes by name: counts, no leakage, and one small run of each from images to an evaluation."""

from __future__ import annotations

import json

import numpy as np
import pytest

from RadFusionLib.cli import main
from RadFusionLib.deep import network_spec
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.published import published_result
from RadFusionLib.fusion.score_parts import score_to_parts
from RadFusionLib.fusion.table import CLINICAL
from RadFusionLib.fusion.training import fold_members
from RadFusionLib.radiomics import feature_names
from RadFusionLib.recipe import Recipe, load_recipe, recipe_names
from RadFusionLib.workflow.extraction import conventional_settings

FIVE = ("hcc-mvi", "icc-early-recurrence", "icc-pni", "icca-diagnosis", "icca-recurrence-patch")
CASES = 24


def test_the_five_recipes_are_there_in_both_profiles():
    assert recipe_names() == FIVE
    for name in FIVE:
        for profile in ("paper", "small"):
            recipe = load_recipe(name, profile)
            assert recipe.marks, "what the paper leaves open is marked"
        assert recipe.outer_folds <= 5


@pytest.mark.parametrize(("name", "count"), [("hcc-mvi", 1781), ("icc-pni", 1197), ("icc-early-recurrence", 107)])
def test_conventional_features_are_as_many_as_the_paper_counts(name, count):
    """003 prints 110, three texture features more than PyRadiomics 3.0.1 has."""
    assert len(feature_names(conventional_settings(load_recipe(name)))) == count


def test_deep_features_of_the_diagnosis_are_as_many_as_the_network_gives():
    recipe = load_recipe("icca-diagnosis")
    assert len(recipe.phases) * network_spec(recipe.dlr["network"]).features == 18_432


def test_what_a_paper_knows_only_after_the_operation_is_said():
    recipe = load_recipe("icc-early-recurrence")
    assert not recipe.outcome["preoperative"]
    assert {v.name for v in recipe.clinical if v.when == "postoperative"} == {
        "poor_differentiation",
        "lymph_node_metastasis",
    }


def made_up(recipe: Recipe, seed: int = 0, cases: int = CASES) -> tuple[FeatureTable, np.ndarray]:
    """Noise with the columns, readings, scanners and images of a recipe."""
    generator = np.random.default_rng(seed)
    names: list[str] = []
    for phase in recipe.phases:
        if "cr" in recipe.image_families:
            names += [f"{phase}_tumor_original_noise_F{i}" for i in range(40)]
        if "dlr" in recipe.image_families:
            names += [f"{phase}_tumor_dlr_{i}" for i in range(40)]
    names += [CLINICAL + variable.name for variable in recipe.clinical]
    ids = tuple(f"case-{i}" for i in range(cases))
    values = generator.normal(size=(cases, len(names)))
    image_names = tuple(n for n in names if not n.startswith(CLINICAL))
    again = values[:, : len(image_names)] + 0.1 * generator.normal(size=(cases, len(image_names)))
    images = {}
    for name, network in recipe.networks.items():
        size, count = network["input"]["size"], 1 if network["input"]["kind"] == "slice" else 3
        images[name] = tuple(generator.random((count, size, size), dtype=np.float32) for _ in ids)
    table = FeatureTable(
        ids,
        tuple(names),
        values,
        tuple(("one", "other")[i % 2] for i in range(cases)),
        {"2": FeatureTable(ids, image_names, again)},
        images,
    )
    return table, generator.permutation(np.arange(cases) % 2)


def bytes_of(member) -> bytes:
    arrays: dict[str, np.ndarray] = {}
    structure = {name: score_to_parts(score, name, arrays) for name, score in member.scores.items()}
    return json.dumps(structure, sort_keys=True).encode() + b"".join(arrays[k].tobytes() for k in sorted(arrays))


@pytest.mark.parametrize("name", FIVE)
def test_a_folds_outcomes_reach_no_member_fitted_without_it(name):
    recipe = load_recipe(name, "small")
    table, outcome = made_up(recipe)
    models = [m.name for m in recipe.models]
    fold, members = fold_members(table, outcome, recipe, models, seed=1)
    changed = np.where(fold == 0, 1 - outcome, outcome)
    again, others = fold_members(table, changed, recipe, models, seed=1)
    assert (fold == again).all()
    assert bytes_of(members[0]) == bytes_of(others[0])
    assert bytes_of(members[1]) != bytes_of(others[1])


def test_signatures_are_stacked_out_of_fold():
    """A nearest neighbour knows its own outcome: in sample, the stack would believe in it."""
    recipe = Recipe.from_document(
        {
            "name": "memory",
            "imaging": {"phases": ["T2"], "reference_phase": "T2"},
            "regions": {"tumor": {}},
            "models": [
                {
                    "name": "memory",
                    "families": ["cr"],
                    "steps": [{"zscore": {}}],
                    "classifier": {"nearest_neighbours": {"n_neighbors": 1}},
                },
                {"name": "stack", "stack": ["memory"], "classifier": {"firth": {}}},
            ],
            "final": {"candidates": ["stack"]},
            "published": {"signatures": "in-sample"},
            "folds": {"outer": 2, "inner": 3},
        }
    )
    table, outcome = made_up(recipe, cases=60)
    _, members = fold_members(table, outcome, recipe, ["stack"], seed=1)
    weights = [abs(member.scores["stack"].classifier.weight[0]) for member in members]
    published = published_result(table, outcome, recipe, seed=1)
    assert published.deviations == {"signatures": "in-sample"}
    assert published.training_auc == 1.0
    assert 0.3 < published.held_out_auc < 0.7
    assert max(weights) < 2.5, "in sample the weight of a perfect signature is above 6"


@pytest.mark.parametrize("name", FIVE)
def test_simulate_train_predict_and_evaluate_by_name(name, tmp_path, capsys):
    cohort, bundle, features = tmp_path / "cohort", tmp_path / "b.radfusion", tmp_path / "f.parquet"
    assert main(["simulate", "--recipe", name, "--cases", "32", "--seed", "5", "--quiet", "--out", str(cohort)]) == 0
    manifest = str(cohort / "manifest.csv")
    recipe = ["--recipe", name, "--profile", "small", "--manifest", manifest, "--quiet"]
    assert main(["extract", *recipe, "--out", str(features)]) == 0
    words = ["--features", str(features), "--protocol", "published", "--json", "--out", str(bundle)]
    assert main(["train", *recipe, *words]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert 0 <= said["auc"]["ensemble"] <= 1
    assert said["published"]["deviations"]
    out = tmp_path / "evaluation"
    given = ["--bundle", str(bundle), "--manifest", manifest, "--features", str(features), "--quiet"]
    assert main(["evaluate", *given, "--out", str(out)]) == 0
    assert "apparent" in (out / "report.html").read_text(encoding="utf-8")
    one = cohort / "one.csv"
    one.write_text("".join((cohort / "manifest.csv").read_text().splitlines(keepends=True)[:2]))
    assert main(["predict", "--bundle", str(bundle), "--manifest", str(one), "--quiet", "--out", str(out / "p")]) == 0
    # What a case gives from its images is what its extracted features gave.
    predicted = (out / "p" / "risk.csv").read_text().splitlines()[1].split(",")
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    evaluated = next(c for c in report["cases"] if c["case"] == predicted[0])
    assert float(predicted[1]) == pytest.approx(evaluated["risk"], abs=1e-6)
