"""Simulated cases for the domain report: two phases, described without a model."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from RadFusionLib.case import Case
from RadFusionLib.doubt import TrainingDomain
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.recipe import Recipe, load_recipe
from RadFusionLib.simulation import simulate_case
from RadFusionLib.workflow.extraction import extract_case
from RadFusionLib.workflow.preprocess import prepare_case

sys.path.insert(0, str(Path(__file__).parents[2] / "Studies"))

PHASES = ("AP", "HBP")
TRAINING, FRESH = 40, 12


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    document = dict(load_recipe("hcc-mvi", "small").document)
    document["imaging"] = {**document["imaging"], "phases": list(PHASES)}
    return Recipe.from_document(document)


@pytest.fixture(scope="session")
def described(recipe: Recipe) -> Callable[[list[Case]], FeatureTable]:
    """From cases to their appearance."""

    def describe(cases: list[Case]) -> FeatureTable:
        rows = {
            case.id: extract_case(prepare_case(case, recipe), recipe, None, families=("appearance",)).values
            for case in cases
        }
        return FeatureTable.from_rows(rows)

    return describe


@pytest.fixture(scope="session")
def training(described) -> FeatureTable:
    return described([simulate_case(811, number, PHASES).to_case() for number in range(TRAINING)])


@pytest.fixture(scope="session")
def domain(training: FeatureTable) -> TrainingDomain:
    """Of forty cases on the simulator's three scanners."""
    return TrainingDomain.of(training, [], ["SIM-Alpha", "SIM-Beta", "SIM-Gamma", "SIM-Alpha"] * (TRAINING // 4))


@pytest.fixture(scope="session")
def fresh() -> list[Case]:
    """Twelve cases of another seed."""
    return [simulate_case(812, number, PHASES).to_case() for number in range(FRESH)]
