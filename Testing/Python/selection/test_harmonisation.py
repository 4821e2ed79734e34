"""ComBat against the outputs of R's and Python's neuroCombat, and on scanners whose effect is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from RadFusionLib.errors import InputError
from RadFusionLib.selection import ScannerHarmonisation

SCANNERS = np.repeat(["1", "2"], 5)
PHENOTYPE = (np.arange(10) % 2 == 0).astype(float)[:, None]


@pytest.fixture(scope="module")
def scans(reference_data):
    folder = reference_data / "stats" / "combat"
    return folder, pd.read_csv(folder / "testdata.csv").to_numpy().T


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("parametric", {}),
        ("parametric_meanonly", {"mean_only": True}),
        ("parametric_noeb", {"shrinkage": "none"}),
        ("parametric_batchref", {"reference": "1"}),
        ("nonparametric", {"shrinkage": "nonparametric"}),
    ],
)
@pytest.mark.parametrize("adjusted", [True, False])
def test_values_equal_those_of_neurocombat_in_r(scans, name, options, adjusted):
    folder, X = scans
    kind, _, variant = name.partition("_")
    file = f"{kind}_{'adjusted' if adjusted else 'unadjusted'}{'_' + variant if variant else ''}.csv"
    expected = pd.read_csv(folder / "expected_r" / file).to_numpy().T
    covariates = PHENOTYPE if adjusted else None
    found = ScannerHarmonisation(**options).fit_transform(X, batch=SCANNERS, covariates=covariates)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("adjusted", [True, False])
def test_values_equal_those_of_neurocombat_in_python(scans, adjusted):
    folder, X = scans
    file = f"parametric_{'adjusted' if adjusted else 'unadjusted'}.csv"
    expected = np.loadtxt(folder / "expected_python" / file, delimiter=",").T
    found = ScannerHarmonisation().fit_transform(X, batch=SCANNERS, covariates=PHENOTYPE if adjusted else None)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_scans_that_come_later_equal_neurocombat_from_training(scans):
    # It gives new scans the mean covariates of the training ones.
    folder, X = scans
    expected = pd.read_csv(folder / "expected_r" / "training_test_scenario2.csv").to_numpy().T
    later = [0, 1, 5, 6]
    fitted = ScannerHarmonisation().fit(X, batch=SCANNERS, covariates=PHENOTYPE)
    found = fitted.transform(X[later], batch=SCANNERS[later], covariates=np.full(4, PHENOTYPE.mean()))
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def _two_scanners(seed: int = 0, patients: int = 200, features: int = 50):
    generator = np.random.default_rng(seed)
    truth = generator.normal(size=(patients, features)) * 10.0 ** generator.uniform(-6, 9, features)
    batch = np.where(np.arange(patients) % 3 == 0, "A", "B")
    offset, stretch = generator.normal(0, 2, features), generator.uniform(0.5, 2.0, features)
    scanned = np.where((batch == "B")[:, None], truth * stretch + offset * truth.std(axis=0), truth)
    return truth, scanned, batch


def test_new_patients_get_what_training_taught_whatever_the_units():
    truth, scanned, batch = _two_scanners()
    train, test = np.arange(200) < 120, np.arange(200) >= 120
    fitted = ScannerHarmonisation(reference="A").fit(scanned[train], batch=batch[train])
    found = fitted.transform(scanned[test], batch=batch[test])
    of_b = batch[test] == "B"
    before = np.abs(scanned[test] - truth[test])[of_b].mean(axis=0) / truth.std(axis=0)
    after = np.abs(found - truth[test])[of_b].mean(axis=0) / truth.std(axis=0)
    assert after.mean() < 0.25 * before.mean()
    np.testing.assert_allclose(found[~of_b], scanned[test][~of_b], rtol=1e-9)
    # One patient at a time is the same as all together, so no test patient changes another.
    alone = np.concatenate(
        [fitted.transform(x[None], batch=[b]) for x, b in zip(scanned[test], batch[test], strict=True)]
    )
    np.testing.assert_allclose(alone, found, rtol=1e-12)


def test_a_difference_that_the_covariate_explains_is_kept():
    generator = np.random.default_rng(3)
    batch = np.repeat(["A", "B"], 100)
    disease = (generator.random(200) < np.where(batch == "A", 0.2, 0.8)).astype(float)
    X = generator.normal(size=(200, 40)) + 2.0 * disease[:, None] + 1.5 * (batch == "B")[:, None]

    def gap(values):
        return np.mean(values[disease == 1].mean(axis=0) - values[disease == 0].mean(axis=0))

    plain = ScannerHarmonisation().fit_transform(X, batch=batch)
    kept = ScannerHarmonisation().fit_transform(X, batch=batch, covariates=disease)
    assert gap(plain) < 1.6
    assert gap(kept) == pytest.approx(2.0, abs=0.1)


def test_a_scanner_that_training_never_saw_is_refused_or_flagged():
    _, X, batch = _two_scanners()
    with pytest.raises(InputError, match="'C' is not among"):
        ScannerHarmonisation().fit(X, batch=batch).transform(X[:2], batch=["A", "C"])
    flagging = ScannerHarmonisation(unseen="flag").fit(X, batch=batch)
    with pytest.warns(UserWarning, match="'C'"):
        found = flagging.transform(X[:2], batch=["B", "C"])
    assert (found[1] == X[1]).all()
    assert (found[0] != X[0]).any()
    assert flagging.unharmonised(["B", "C"]).tolist() == [False, True]


def test_a_scanner_of_one_patient_is_refused_or_left_alone():
    _, X, batch = _two_scanners(patients=40)
    batch = batch.astype(object)
    batch[7] = "lonely"
    with pytest.raises(InputError, match="'lonely' has a single training patient"):
        ScannerHarmonisation().fit(X, batch=batch)
    flagging = ScannerHarmonisation(unseen="flag").fit(X, batch=batch)
    assert flagging.sparse_ == ("lonely",)
    with pytest.warns(UserWarning, match="lonely"):
        found = flagging.transform(X, batch=batch)
    assert (found[7] == X[7]).all()
    others = np.arange(40) != 7
    without = ScannerHarmonisation().fit_transform(X[others], batch=batch[others])
    np.testing.assert_allclose(found[others], without, rtol=1e-6)


def test_one_scanner_and_constant_features_stay_as_they_are():
    _, X, batch = _two_scanners(patients=30)
    same = ScannerHarmonisation().fit_transform(X, batch=["A"] * 30)
    np.testing.assert_allclose(same, X, rtol=1e-12)
    X[:, 0] = 4.0
    X[batch == "B", 1] = 1.0
    fitted = ScannerHarmonisation().fit(X, batch=batch)
    found = fitted.transform(X, batch=batch)
    assert fitted.left_[:2].all()
    assert not fitted.left_[2:].any()
    assert (found[:, :2] == X[:, :2]).all()


def test_what_is_missing_is_said():
    _, X, batch = _two_scanners(patients=30)
    with pytest.raises(InputError, match="scanner column"):
        ScannerHarmonisation().fit(X)
    with pytest.raises(InputError, match="29 scanners for 30"):
        ScannerHarmonisation().fit(X, batch=batch[1:])
    with pytest.raises(InputError, match="follow from the scanners"):
        ScannerHarmonisation().fit(X, batch=batch, covariates=(batch == "B").astype(float))
    with pytest.raises(InputError, match="reference scanner 'Z'"):
        ScannerHarmonisation(reference="Z").fit(X, batch=batch)
    fitted = ScannerHarmonisation().fit(X, batch=batch)
    with pytest.raises(InputError, match="0 covariates were fitted, 1 are given"):
        fitted.transform(X, batch=batch, covariates=np.arange(30.0))
