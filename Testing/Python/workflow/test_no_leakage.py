"""A bundle knows nothing of the test cases, and the same training gives the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
import yaml

from RadFusionLib.cli import main
from RadFusionLib.recipe import load_recipe
from RadFusionLib.simulation import simulate


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-four simulated cases, the last six of them a test set; a recipe with few features and folds."""
    folder = tmp_path_factory.mktemp("cohort")
    manifest = simulate(("HBP",), 24, 321, 1.0, folder)
    frame = pd.read_csv(manifest, dtype=str)
    frame["split"] = ["train"] * 18 + ["test"] * 6
    frame["outcome"] = [str(i % 2) for i in range(24)]
    frame.to_csv(manifest, index=False)
    document = dict(load_recipe("hcc-mvi", "small").document)
    document["imaging"] = {**document["imaging"], "phases": ["HBP"]}
    document["cr"] = {**document["cr"], "spacing": [4, 4, 4], "image_types": ["original", "wavelet"]}
    document["models"] = [
        {"name": "CR", "families": ["cr"], "regions": ["tumor", "shell"]},
        {"name": "DLR", "families": ["dlr"], "regions": ["tumor", "shell"]},
        {"name": "CR-DLR", "aggregate": ["CR", "DLR"]},
        {"name": "clinical", "families": ["clinical"]},
        {"name": "Clin-R", "aggregate": ["CR-DLR", "clinical"]},
    ]
    document["final"] = {"candidates": ["CR-DLR", "Clin-R"]}
    document["folds"] = {"outer": 3, "inner": 2}
    document["interval"] = {"level": 0.9, "refits": 2}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


def _train(cohort: Path, out: Path, *more: str) -> bytes:
    arguments = ["train", "--recipe", f"{cohort}/recipe.yaml", "--manifest", f"{cohort}/manifest.csv"]
    assert main([*arguments, "--out", str(out), "--quiet", *more]) == 0
    return out.read_bytes()


def test_changing_all_test_images_outcomes_and_clinical_values_leaves_the_bundle_the_same(cohort, tmp_path):
    before = _train(cohort, tmp_path / "before.radfusion")
    manifest = cohort / "manifest.csv"
    frame = pd.read_csv(manifest, dtype=str)
    test = frame["split"] == "test"
    frame.loc[test, "outcome"] = [str(1 - int(v)) for v in frame.loc[test, "outcome"]]
    for column in frame.columns[frame.columns.str.startswith("clinical:")]:
        frame.loc[test, column] = "1"
    frame.to_csv(manifest, index=False)
    for name in frame.loc[test, "image:HBP"]:
        image = sitk.ReadImage(str(cohort / name))
        noise = np.random.default_rng(1).integers(0, 900, sitk.GetArrayViewFromImage(image).shape).astype(np.int16)
        changed = sitk.GetImageFromArray(noise)
        changed.CopyInformation(image)
        sitk.WriteImage(changed, str(cohort / name))
    assert _train(cohort, tmp_path / "after.radfusion") == before
    # The check can fail: one training outcome changes the bundle.
    frame.loc[0, "outcome"] = str(1 - int(frame.loc[0, "outcome"]))
    frame.to_csv(manifest, index=False)
    assert _train(cohort, tmp_path / "other.radfusion") != before


def test_number_of_processes_and_a_feature_file_do_not_change_a_byte(cohort, tmp_path):
    alone = _train(cohort, tmp_path / "alone.radfusion")
    assert _train(cohort, tmp_path / "two.radfusion", "--jobs", "2") == alone
    features = tmp_path / "features.parquet"
    assert (
        main(
            [
                "extract",
                "--recipe",
                f"{cohort}/recipe.yaml",
                "--manifest",
                f"{cohort}/manifest.csv",
                "--out",
                str(features),
                "--quiet",
            ]
        )
        == 0
    )
    assert _train(cohort, tmp_path / "file.radfusion", "--features", str(features)) == alone


def test_features_of_another_recipe_are_refused(cohort, tmp_path, capsys):
    features = tmp_path / "features.parquet"
    assert (
        main(
            [
                "extract",
                "--recipe",
                f"{cohort}/recipe.yaml",
                "--manifest",
                f"{cohort}/manifest.csv",
                "--out",
                str(features),
                "--quiet",
            ]
        )
        == 0
    )
    document = yaml.safe_load((cohort / "recipe.yaml").read_text(encoding="utf-8"))
    document["cr"]["bin_width"] = 7
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    code = main(
        [
            "train",
            "--recipe",
            str(tmp_path / "other.yaml"),
            "--manifest",
            f"{cohort}/manifest.csv",
            "--features",
            str(features),
            "--out",
            str(tmp_path / "b.radfusion"),
            "--quiet",
        ]
    )
    assert code == 2
    assert "extracted with another cr" in capsys.readouterr().err
    assert not (tmp_path / "b.radfusion").exists()


def test_a_missing_clinical_value_names_case_and_variable(cohort, tmp_path, capsys):
    frame = pd.read_csv(cohort / "manifest.csv", dtype=str)
    frame.loc[3, "clinical:AFP"] = ""
    other = cohort / "gaps.csv"
    frame.to_csv(other, index=False)
    code = main(
        [
            "train",
            "--recipe",
            f"{cohort}/recipe.yaml",
            "--manifest",
            str(other),
            "--out",
            str(tmp_path / "b.radfusion"),
            "--quiet",
        ]
    )
    assert code == 2
    assert f"Case {frame.loc[3, 'case']} has no clinical value AFP" in capsys.readouterr().err
