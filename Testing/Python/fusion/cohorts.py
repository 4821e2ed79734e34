"""Small tables of features for tests of fusion: numbers, no images."""

from __future__ import annotations

import numpy as np

from RadFusionLib.fusion import FeatureTable
from RadFusionLib.recipe import Recipe, load_recipe


def small_recipe(**changes) -> Recipe:
    """``hcc-mvi`` with one phase, fewer models and fewer refits."""
    document = dict(load_recipe("hcc-mvi", "small").document)
    document["imaging"] = {**document["imaging"], "phases": ["HBP"]}
    document["models"] = [
        {"name": "CR", "families": ["cr"], "regions": ["tumor", "shell"]},
        {"name": "DLR", "families": ["dlr"], "regions": ["tumor", "shell"]},
        {"name": "CR-DLR", "aggregate": ["CR", "DLR"]},
        {"name": "clinical", "families": ["clinical"]},
        {"name": "Clin-R", "aggregate": ["CR-DLR", "clinical"]},
    ]
    document["clinical"] = [{"name": "age", "unit": "years"}, {"name": "AFP", "unit": "ng/mL"}]
    document["final"] = {"candidates": ["CR", "CR-DLR", "Clin-R"], "chosen": "inner-folds"}
    document["interval"] = {"level": 0.9, "refits": 4}
    document["folds"] = {"outer": 3, "inner": 2}
    return Recipe.from_document({**document, **changes})


def noise_table(cases: int, features: int, seed: int, first: int = 0) -> FeatureTable:
    """Independent features that say nothing."""
    generator = np.random.default_rng(seed)
    names = [f"HBP_{region}_original_test_F{i}" for region in ("tumor", "shell") for i in range(features // 2)]
    names += [f"HBP_{region}_dlr_{i}" for region in ("tumor", "shell") for i in range(10)]
    names += ["clinical_age", "clinical_AFP"]
    values = generator.normal(size=(cases, len(names)))
    return FeatureTable(tuple(f"case-{first + i}" for i in range(cases)), tuple(names), values)


def informative_table(cases: int, seed: int, first: int = 0) -> tuple[FeatureTable, np.ndarray, np.ndarray]:
    """A table in which four features follow a latent burden; also outcomes and their true probability."""
    generator = np.random.default_rng([seed, 1])
    table = noise_table(cases, 60, seed, first)
    burden = generator.normal(size=cases)
    values = table.values.copy()
    for name in ("HBP_tumor_original_test_F3", "HBP_shell_original_test_F7", "HBP_tumor_dlr_2", "clinical_AFP"):
        column = table.position[name]
        values[:, column] = 0.7 * burden + 0.7 * values[:, column]
    probability = 1 / (1 + np.exp(-2.0 * burden))
    outcome = (generator.random(cases) < probability).astype(int)
    return FeatureTable(table.cases, table.names, values), outcome, probability
