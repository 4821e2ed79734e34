"""Cases so small that hundreds of extractions fit into a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.imaging import write_volume
from RadFusionLib.recipe import load_recipe
from RadFusionLib.resources import resource

__all__ = ["tiny_cohort"]

RECIPE, PROFILE = "hcc-mvi", "small"


def tiny_cohort(folder: Path, cases: int, seed: int) -> Path:
    """The manifest of made-up cases of three tiny phases with a ball for a tumour, all different.

    Beside it lies the recipe, cut to the CR features of the original image; phases, regions and deep features stay.
    """
    phases = load_recipe(RECIPE, PROFILE).phases
    rows = []
    for number in range(cases):
        rng = np.random.default_rng([seed, number])
        geometry = Geometry((26, 26, 16), (2.0, 2.0, 3.0), (0.0, 0.0, float(number)))
        k, j, i = np.indices(geometry.shape)
        steps = (np.stack([i, j, k], -1) - (np.array(geometry.size) - 1) / 2) * geometry.spacing
        distance = np.linalg.norm(steps, axis=-1)
        tumor = distance < rng.uniform(5.0, 6.5)
        row: dict[str, object] = {"case": f"tiny{number:04d}", "simulated": 1, "outcome": number % 2}
        arrays = {f"image:{p}": 200 + 40.0 * tumor + rng.normal(0, 12, geometry.shape) for p in phases}
        for column, array in {**arrays, "mask:tumor": tumor, "mask:liver": distance < 21}.items():
            name = f"tiny{number:04d}/{column.replace(':', '-')}.nrrd"
            image = array if array.dtype == bool else array.astype(np.float32)
            write_volume(Volume(image, geometry), folder / name)
            row[column] = name
        rows.append(row)
    document = yaml.safe_load(resource("Recipes", f"{RECIPE}.yaml").read_text(encoding="utf-8"))
    document["profiles"][PROFILE]["cr"]["image_types"] = ["original"]
    (folder / "recipe.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    manifest = folder / "manifest.csv"
    pd.DataFrame(rows).to_csv(manifest, index=False)
    return manifest
