"""The public feature tables of real patients: read rightly, and a small run of the study on each.

What the reading and the simple comparator are held against came with the tables and was computed by others.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score

from RadFusionLib.evaluation import auc
from RadFusionLib.fusion import FeatureTable

SMALL = {"outer": 3, "inner": 2}


@pytest.fixture(scope="module")
def study(root: Path) -> Iterator[ModuleType]:
    folder = str(root / "Testing" / "Studies")
    sys.path.insert(0, folder)
    try:
        import real_labels

        yield real_labels
    finally:
        sys.path.remove(folder)


@pytest.fixture(scope="module")
def tables(study: ModuleType, reference_data: Path) -> dict:
    return {one.name: one for one in study.read_tables(reference_data)}


@pytest.fixture(scope="module")
def figures(reference_data: Path) -> dict:
    return json.loads((reference_data / "feature_tables" / "README.json").read_text(encoding="utf-8"))


def test_patients_and_classes_are_those_that_the_tables_state(tables: dict, figures: dict) -> None:
    liver = tables["liver"]
    assert len(liver.outcome) == figures["liver_multiphase_mri"]["complete_4_phase"]
    assert liver.outcome.sum() == figures["liver_multiphase_mri"]["complete_by_class"]["HCC"]
    assert len(liver.table.names) == 4 * figures["liver_multiphase_mri"]["features"]
    prostate = tables["prostate"]
    assert len(prostate.outcome) == figures["fae_prostate"]["n"] - 1
    assert prostate.outcome.sum() == figures["fae_prostate"]["labels"]["1"] - 1
    assert len(prostate.table.names) == figures["fae_prostate"]["features"]
    glioma = tables["glioma"]
    assert len(glioma.outcome) == figures["glioma_idh"]["n"]
    assert glioma.outcome.sum() == figures["glioma_idh"]["labels"]["mutant(1)"]
    assert len(glioma.table.names) == figures["glioma_idh"]["features"]
    assert set(glioma.table.scanners) == {"CS", "DU", "FG", "HT"}
    for name in ("sarcoma", "sarcoma, PET alone"):
        assert (len(tables[name].outcome), tables[name].outcome.sum()) == (51, 19)
    for one in tables.values():
        assert np.isfinite(one.table.values).all()
        assert len(set(one.table.cases)) == len(one.table.cases)


def test_every_feature_of_the_sarcomas_tells_the_patients_apart_as_others_found(
    tables: dict, reference_data: Path
) -> None:
    given = pd.read_csv(reference_data / "sts" / "derived_univariate_auc.csv").set_index("feature")["auc_raw"]
    one = tables["sarcoma"]
    for column, name in enumerate(one.table.names):
        modality, feature = name.split("_tumor_")
        theirs = given[f"{'MR_T1' if modality == 'T1' else modality}__{feature}"]
        assert auc(one.outcome, one.table.values[:, column]) == pytest.approx(theirs, abs=1e-6)


# A row fewer than in the figure (the patient who is there twice) changes the third digit.
@pytest.mark.parametrize(("name", "tolerance"), [("liver", 5e-4), ("glioma", 5e-4), ("prostate", 4e-3)])
def test_the_comparator_repeats_the_figure_that_comes_with_the_table(
    study: ModuleType, tables: dict, name: str, tolerance: float
) -> None:
    one = tables[name]
    mean, spread = re.search(r"AUC (0\.\d+) \+/- (0\.\d+)", one.reported[0].figure).groups()  # type: ignore[union-attr]
    values = one.table.values[:, np.ptp(one.table.values, axis=0) > 0]
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=10, random_state=0)
    found = cross_val_score(study.comparator(one.compared_features), values, one.outcome, cv=folds, scoring="roc_auc")
    assert found.mean() == pytest.approx(float(mean), abs=tolerance)
    assert found.std() == pytest.approx(float(spread), abs=tolerance)


@pytest.mark.parametrize(
    ("name", "pipeline"),
    [
        ("liver", "LASSO, logistic"),
        ("prostate", "LASSO, logistic"),
        ("glioma", "mRMR, random forest"),
        ("sarcoma", "mRMR, random forest"),
        ("sarcoma, PET alone", "elimination, SVM"),
    ],
)
def test_a_small_run_on_each_table(study: ModuleType, tables: dict, name: str, pipeline: str) -> None:
    one = tables[name]
    recipe = study.table_recipe(one, study.PIPELINES[pipeline], SMALL)
    assert any(step.name == "combat" for step in recipe.steps) == (name == "glioma")
    found = study.measure(one, recipe, (1,), 60)
    for key in ("auc", "brier", "comparator_auc"):
        value, low, high = found[key]
        assert 0 <= low <= value <= high <= 1
    assert found["apparent_auc"] > found["member_auc"]
    if name == "prostate":
        # A strong signal, which any right pipeline finds; its published hold-out figure is 0.94.
        assert found["auc"][1] > 0.85
        assert found["brier"][0] < 0.15
        assert 0.4 < found["calibration_slope"][0] < 2


def test_permuted_labels_leave_nothing_but_the_leak(study: ModuleType, tables: dict) -> None:
    """Real features, labels dealt at random: the strict way finds chance, selection on everybody finds more."""
    one = tables["sarcoma"]
    recipe = study.table_recipe(one, study.PIPELINES["mRMR, random forest"], SMALL)
    strict, leaky = [], []
    for number in range(5):
        permuted = replace(one, outcome=np.random.default_rng(number).permutation(one.outcome))
        found = study.measure(permuted, recipe, (1,), 20)
        strict.append(found["member_auc"])
        leaky.append(found["leaky_auc"])
    # One AUC of 19 against 32 patients, in three folds, has a standard error of about 0.1 without a signal.
    assert abs(np.mean(strict) - 0.5) < 3 * 0.1 / np.sqrt(len(strict))
    # Real features follow each other, so that the leak is smaller here than on noise; it is in every permutation.
    excess = np.subtract(leaky, strict)
    assert excess.mean() > 3 * excess.std(ddof=1) / np.sqrt(len(excess))
    assert excess.min() > 0


def test_a_patient_twice_is_refused(study: ModuleType, tables: dict) -> None:
    from real_tables import table_of_patients

    values = pd.DataFrame(np.arange(6.0).reshape(3, 2), index=["a", "b", "a"], columns=["x", "y"])
    with pytest.raises(ValueError, match="patient twice"):
        table_of_patients("made-up", values)
    assert isinstance(table_of_patients("made-up", values.iloc[:2]), FeatureTable)
