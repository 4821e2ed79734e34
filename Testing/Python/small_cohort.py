"""A small cohort of two phases and a bundle in which clinical values matter, for the browser reader and the panel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.imaging import write_volume
from RadFusionLib.resources import resource

__all__ = ["bundle_path", "cohort"]

PHASES = ("AP", "HBP")
CASES = 40


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of made-up cases that two readers drew; AFP and the tumour's contrast follow the outcome, roughly."""
    folder = tmp_path_factory.mktemp("reader") / "made-up"
    rng = np.random.default_rng(77)
    rows: list[dict[str, object]] = []
    for number in range(CASES):
        geometry = Geometry((44, 42, 16), (1.6, 1.6, 3.0), (-30.0, -20.0, float(number)))
        k, j, i = np.indices(geometry.shape)
        steps = (np.stack([i, j, k], -1) - (np.array(geometry.size) - 1) / 2) * geometry.spacing
        distance = np.linalg.norm(steps, axis=-1)
        outcome = number % 2
        row: dict[str, object] = {"case": f"c{number}", "simulated": 1, "outcome": outcome, "scanner": "made up"}
        volumes: dict[str, np.ndarray] = {
            "mask:tumor": distance < 9,
            "mask:tumor@2": np.linalg.norm(steps - (1.6, 0, 0), axis=-1) < 9.5,
            "mask:liver": distance < 17,
        }
        for role in PHASES:
            contrast = 60 + 16 * outcome + 15 * rng.normal()
            grain = rng.normal(0, 8, geometry.shape)
            volumes[f"image:{role}"] = (200 + contrast * (distance < 9) + grain).astype(np.float32)
        for column, array in volumes.items():
            name = f"c{number}/{column.replace(':', '-').replace('@', '-reader-')}.nrrd"
            write_volume(Volume(array, geometry), folder / name)
            row[column] = name
        values = {"AFP": 80 + 60 * outcome + 30 * rng.normal(), "age": 60 + rng.normal(), "hepatitis": number % 3 == 0}
        rows.append(row | {f"clinical:{name}": float(value) for name, value in values.items()})
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv"


@pytest.fixture(scope="session")
def bundle_path(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle trained on the cohort, whose risk is a nomogram of AFP and of a signature of both regions' images."""
    from RadFusionLib.cohort import read_manifest
    from RadFusionLib.recipe import load_recipe
    from RadFusionLib.workflow import train

    document = yaml.safe_load(resource("Recipes", "hcc-mvi.yaml").read_text(encoding="utf-8"))
    document["name"] = "made-up"
    document["imaging"] |= {"phases": list(PHASES), "reference_phase": "HBP"}
    document["cr"] |= {"spacing": [3, 3, 3], "image_types": ["original"]}
    document["clinical"] = [
        {"name": "AFP", "unit": "ng/mL", "when": "preoperative"},
        {"name": "age", "unit": "years", "when": "preoperative"},
        {"name": "hepatitis", "unit": "0 no, 1 yes", "when": "preoperative"},
    ]
    document["models"] = [
        {"name": "CR", "families": ["cr"], "regions": ["tumor", "shell"]},
        {"name": "clinical", "families": ["clinical"], "steps": [], "variables": ["AFP"]},
        {"name": "Clin-R", "stack": ["CR"], "clinical": "clinical", "classifier": {"firth": {}}},
    ]
    document["final"] = {"candidates": ["Clin-R"]}
    document["folds"] = {"outer": 3, "inner": 2}
    document["interval"] = {"level": 0.9, "refits": 4}
    document["heatmap"] = {"kind": "contribution", "neighbourhood_mm": 14, "stride_mm": 5}
    document["steps"][2]["elimination"]["most"] = 6
    del document["profiles"]
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(document))
    recipe = load_recipe(folder / "recipe.yaml")
    path = folder / "made-up.radfusion"
    trained = train(recipe, read_manifest(cohort), seed=1)
    (trained if hasattr(trained, "save") else trained.bundle).save(path)
    return path
