"""Recipes are checked whole before anything is computed, and say what their paper does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from RadFusionLib.errors import RecipeError
from RadFusionLib.recipe import ModelSpec, Recipe, load_recipe, recipe_names
from RadFusionLib.resources import resource


@pytest.fixture
def document() -> dict[str, Any]:
    return yaml.safe_load(resource("Recipes", "hcc-mvi.yaml").read_text(encoding="utf-8"))


def test_every_recipe_loads_in_every_profile_and_survives_json() -> None:
    assert "hcc-mvi" in recipe_names()
    for name in recipe_names():
        for profile in ("paper", "small"):
            recipe = load_recipe(name, profile)
            assert recipe.name == name
            again = Recipe.from_json(json.loads(json.dumps(recipe.to_json())))
            assert again == recipe
            assert again.profile == profile


def test_hcc_mvi_is_the_paper_s_method() -> None:
    recipe = load_recipe("hcc-mvi")
    assert recipe.phases == ("AP", "PP", "HBP")
    assert recipe.regions == ("tumor", "shell")
    assert recipe.margin_mm == 10
    assert recipe.document["regions"]["shell"]["within"] == "liver"
    assert list(recipe.cr["spacing"]) == [1, 1, 1]
    assert recipe.cr["bin_width"] == 5
    assert recipe.cr["log_sigmas"] == [1.0]
    assert len(recipe.cr["image_types"]) == 10
    assert recipe.dlr["network"] == "r3d_18"
    assert recipe.dlr["weights"] == "kinetics"
    assert recipe.dlr["size"] == 64
    assert [step.name for step in recipe.steps] == ["zscore", "correlation", "elimination"]
    assert recipe.steps[1].parameters["threshold"] == 0.90
    assert recipe.steps[2].parameters["step"] == 0.05
    assert recipe.classifier.name == "svm"
    assert recipe.classifier.parameters == {"kernel": "linear", "C": 1.0}
    assert recipe.document["clinical_selection"] == {"univariate": 0.05, "multivariable": 0.05}


def test_hcc_mvi_has_the_paper_s_eleven_models_and_their_fusion() -> None:
    recipe = load_recipe("hcc-mvi")
    assert len(recipe.models) == 11 + 1
    assert recipe.final_candidates == ("fusion",)
    assert recipe.model("fusion").stack == ("CR-bi", "DLR-bi", "CR-DLR-bi", "Clin-R")
    assert recipe.marks["models.fusion"].startswith("ours")
    assert recipe.model("DLR-bi") == ModelSpec("DLR-bi", ("dlr",), ("tumor", "shell"), ())
    assert recipe.model("CR-DLR-bi").aggregate == ("CR-bi", "DLR-bi")
    assert recipe.model("Clin-R").aggregate == ("CR-DLR-bi", "clinical")
    assert {"AFP", "diameter", "age", "sex", "ALT", "AST", "hepatitis"} == {v.name for v in recipe.clinical}
    assert all(v.when == "preoperative" for v in recipe.clinical)
    with pytest.raises(RecipeError, match="no model 'CR'"):
        recipe.model("CR")


def test_hcc_mvi_marks_what_the_paper_leaves_open() -> None:
    marks = load_recipe("hcc-mvi").marks
    for key in ("imaging.normalisation", "cr.interpolator", "steps.elimination.most", "threshold"):
        assert marks[key].startswith("unstated")
    assert marks["cr.image_types"].startswith("inferred")
    assert marks["final"].startswith("ours")


def test_a_profile_changes_what_it_names_and_nothing_else() -> None:
    paper, small = load_recipe("hcc-mvi"), load_recipe("hcc-mvi", "small")
    assert small.dlr == {"network": "compact", "weights": "shipped", "size": 32}
    assert list(small.cr["spacing"]) == [2, 2, 2]
    assert small.cr["bin_width"] == paper.cr["bin_width"]
    differing = {key for key in paper.document if paper.document[key] != small.document[key]}
    assert differing == {"cr", "dlr"}


def test_an_unknown_recipe_or_profile_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no recipe 'hcc'; use one of "):
        load_recipe("hcc")
    with pytest.raises(RecipeError, match="no profile 'large'; use one of paper, small"):
        load_recipe("hcc-mvi", "large")
    with pytest.raises(RecipeError, match="cannot be read as YAML"):
        load_recipe(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(RecipeError, match="is not a recipe"):
        load_recipe(tmp_path / "list.yaml")
    (tmp_path / "broken.yaml").write_text("a: [1\n")
    with pytest.raises(RecipeError, match="cannot be read as YAML"):
        load_recipe(tmp_path / "broken.yaml")


def test_a_recipe_of_one_s_own_is_read_from_its_file(document: dict[str, Any], tmp_path: Path) -> None:
    document["regions"]["tumor"]["lesion"] = "HCC S8"
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(document))
    assert load_recipe(path).lesion == "HCC S8"


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        ("fold", {"outer": 3}, "unknown entries fold"),
        ("imaging.phase", ["AP"], r"imaging has unknown entries \['phase'\]"),
        ("imaging.phases", ["AP", "XX"], r"unknown phases \['XX'\]"),
        ("imaging.phases", [], "no phases"),
        ("imaging.phases", ["AP", "AP", "HBP"], "a phase twice"),
        ("imaging.reference_phase", "T2", "reference_phase 'T2'"),
        ("imaging.frame", "patient", "frame 'patient'; use one of case, modality, phase"),
        ("imaging.registration", "elastic", "registration 'elastic'; use none, rigid|one of none, rigid"),
        ("imaging.interpolator", "cubic", "interpolator 'cubic'; use one of nearest"),
        ("imaging.bias_field", "yes", "bias_field 'yes'"),
        ("imaging.normalisation", {"method": "log"}, "normalisation 'log'"),
        ("imaging.normalisation", {"method": "zscore", "factor": 2}, "takes a method and a scale"),
        ("imaging.normalisation", {"method": "zscore", "scale": 0}, "scale is 0; give a positive number"),
        ("regions.shell", {"margin": 5}, "region shell may say"),
        ("regions.shell", {"margin_mm": 0}, "margin_mm is 0; give a positive number"),
        ("regions.shell", {"margin_mm": float("nan")}, "margin_mm is nan; give a positive number"),
        ("regions.shell", {"margin_mm": "10 mm"}, "give a positive number"),
        ("regions.shell", {"within": "lung"}, "must be liver, or left out"),
        ("regions.spleen", {}, "unknown region spleen"),
        ("regions", {"shell": {}}, "no region tumor"),
        ("clinical", [{"unit": "mm"}], "clinical variable .* must have a name"),
        ("clinical", [{"name": "age", "units": "years"}], "clinical variable"),
        ("clinical", [{"name": "age", "when": "later"}], "must be preoperative or postoperative"),
        ("clinical", {"name": "age"}, "clinical must be a list"),
        ("models", [{"families": ["cr"]}], "model .* must have a name"),
        ("models", [{"name": "a", "families": ["xx"], "regions": ["tumor"]}], r"model a names \['xx'\]"),
        ("models", [{"name": "a", "aggregate": ["b"]}], r"model a names \['b'\]"),
        ("models", [{"name": "a"}], "model a names no features"),
        ("final", {"candidates": ["nobody"]}, r"final names \['nobody'\]"),
        ("steps", ["zscore"], "A step is one name"),
        ("classifier", {"svm": {}, "tree": {}}, "A step is one name"),
        ("schema", 2, "schema 2; this version reads schema 1"),
        ("name", "", "needs one"),
        ("marks", {"cr": "guessed"}, "the mark of cr"),
        ("outcome", ["MVI"], "outcome must be a mapping"),
    ],
)  # fmt: skip
def test_what_a_recipe_may_not_say_is_refused_in_one_sentence(
    document: dict[str, Any], place: str, value: Any, sentence: str
) -> None:
    where = document
    *path, last = place.split(".")
    for key in path:
        where = where[key]
    where[last] = value
    with pytest.raises(RecipeError, match=sentence) as caught:
        Recipe.from_document(document)
    assert str(caught.value).endswith(".")


def test_a_date_in_a_recipe_is_refused(document: dict[str, Any]) -> None:
    document["title"] = yaml.safe_load("2025-01-01")
    with pytest.raises(RecipeError, match="no number, text or list"):
        Recipe.from_document(document)


def test_what_is_left_out_has_its_default(document: dict[str, Any]) -> None:
    document["regions"] = {"tumor": None, "shell": {}}
    document["imaging"]["normalisation"] = {"method": "zscore"}
    recipe = Recipe.from_document(document)
    assert recipe.lesion == "single"
    assert recipe.margin_mm == 10
    assert recipe.imaging["normalisation"] == {"method": "zscore", "scale": 1.0}
