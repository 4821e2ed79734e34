"""A made-up cohort on disk, written once, and a small recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.imaging import write_volume
from RadFusionLib.recipe import load_recipe
from RadFusionLib.resources import resource


@pytest.fixture(scope="session")
def quick_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One phase, the tumour and its shell, the original image only."""
    document = yaml.safe_load(resource("Recipes", "hcc-mvi.yaml").read_text(encoding="utf-8"))
    document["name"] = "quick"
    document["imaging"] |= {"phases": ["AP"], "reference_phase": "AP"}
    document["cr"] |= {"spacing": [3, 3, 3], "image_types": ["original"]}
    document["models"] = [{"name": "CR-bi", "families": ["cr"], "regions": ["tumor", "shell"]}]
    document["final"] = {"candidates": ["CR-bi"], "chosen": "inner-folds"}
    document["folds"] = {"outer": 3, "inner": 2}
    document["interval"] = {"level": 0.9, "refits": 4}
    document["steps"][2]["elimination"]["most"] = 3
    del document["profiles"]
    path = tmp_path_factory.mktemp("recipe") / "quick.yaml"
    path.write_text(yaml.safe_dump(document))
    assert load_recipe(path).name == "quick"
    return path


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve made-up cases with one phase each, quickly; the manifest's path."""
    folder = tmp_path_factory.mktemp("cohort") / "made-up"
    rng = np.random.default_rng(404)
    rows: list[dict[str, object]] = []
    for number in range(12):
        geometry = Geometry((40, 38, 16), (1.6, 1.6, 3.0), (-30.0, -20.0, float(number)))
        k, j, i = np.indices(geometry.shape)
        steps = (np.stack([i, j, k], -1) - (np.array(geometry.size) - 1) / 2) * geometry.spacing
        distance = np.linalg.norm(steps, axis=-1)
        outcome = number % 2
        image = 200 + (30 + 20 * outcome) * (distance < 8) + rng.normal(0, 8 + 6 * outcome, geometry.shape)
        row: dict[str, object] = {"case": f"c{number}", "simulated": 1, "outcome": outcome, "scanner": "none"}
        for column, array in (
            ("image:AP", image.astype(np.float32)), ("mask:tumor", distance < 8), ("mask:liver", distance < 22),
        ):  # fmt: skip
            name = f"c{number}/{column.replace(':', '-')}.nrrd"
            write_volume(Volume(array, geometry), folder / name)
            row[column] = name
        values = {"age": 61, "sex": 1, "diameter": 16, "AFP": 40, "ALT": 30, "AST": 30, "hepatitis": 0}
        rows.append(row | {f"clinical:{name}": value + number for name, value in values.items()})
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv"
