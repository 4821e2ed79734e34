"""The device asked for reaches the networks that were trained with a bundle, wherever they are in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from RadFusionLib.bundle import Bundle, TrainingRecord, write_card
from RadFusionLib.cli import main
from RadFusionLib.cohort import load_case, read_manifest
from RadFusionLib.deep.network_classifier import NetworkClassifier
from RadFusionLib.doubt import TrainingDomain
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.calibration import PlattCalibration
from RadFusionLib.fusion.ensemble import Ensemble
from RadFusionLib.fusion.interval import HalfSampleInterval
from RadFusionLib.fusion.member import Member
from RadFusionLib.fusion.network_score import fit_network
from RadFusionLib.fusion.scores import LinearScore
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.recipe import load_recipe
from RadFusionLib.simulation import simulate
from RadFusionLib.workflow import predict
from RadFusionLib.workflow.cohort_risks import cohort_risks

pytest.importorskip("torch", reason="torch is not installed")

NAMED = "cpu:0"
"""The only device besides ``cpu`` that every machine has: the same processor by its number."""
LACKING = "cuda:99"
"""One that no machine has."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two members and the interval's two, with a network as final model and another inside a stack of a stack."""
    recipe = load_recipe("icca-recurrence-patch", "small")
    section = recipe.networks["patches"]
    section = {**section, "training": {**section["training"], "epochs": 1}}
    noise = np.random.default_rng(0)
    images = tuple(noise.integers(0, 255, (2, 24, 24), dtype=np.uint8) for _ in range(8))
    table = FeatureTable(tuple("abcdefgh"), (), np.empty((8, 0)), images={"patches": images})

    def member(seed: int) -> Member:
        network = fit_network(table, np.arange(8) % 2, "patches", section, seed)
        inner = StackedScore({"patches": network}, (), LinearScore(np.array([2.0]), 0.1, "logistic"))
        outer = StackedScore({"inner": inner}, (), LinearScore(np.array([1.0]), -0.2, "logistic"))
        return Member({"patches": network, "outer": outer}, "patches", {})

    calibration = PlattCalibration(0.8, 0.0)
    interval = HalfSampleInterval(((member(2), member(3)),), calibration, np.eye(2) / 9)
    ensemble = Ensemble((member(0), member(1)), calibration, interval, 0.5)
    record = TrainingRecord(
        seed=1, cases=8, events=4, folds={}, out_of_fold_auc={"ensemble": 0.5}, demonstration=True, network=None,
        versions={"RadFusion": "0"},
    )  # fmt: skip
    card = write_card(recipe, record, None, ensemble)
    path = tmp_path_factory.mktemp("bundle") / "m.radfusion"
    return Bundle(recipe, ensemble, None, TrainingDomain.of(table, (), ("",) * 8), record, card).save(path)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(("CT-NP",), 1, 31, 1.0, tmp_path_factory.mktemp("cohort"))


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """For each time a network is made ready: the device it was asked for, and the one its numbers lie on."""
    ready, seen = NetworkClassifier.module, []

    def told(self: NetworkClassifier):
        network = ready(self)
        seen.append((self.device, next(network.parameters()).device.type))
        return network

    monkeypatch.setattr(NetworkClassifier, "module", told)
    return seen


def test_predict_and_its_map_run_every_network_where_asked(bundle, manifest, used):
    loaded = Bundle.load(bundle)
    case = load_case(read_manifest(manifest).rows[0], loaded.recipe.phases)
    used.clear()
    plain = predict(loaded, case)
    assert set(used) == {("cpu", "cpu")}
    used.clear()
    named = predict(loaded, case, device=NAMED)
    # The risk's two networks and the interval's two, and the heatmap again the risk's.
    assert len(used) >= 6
    assert set(used) == {(NAMED, "cpu")}
    assert (named.risk, named.interval) == (plain.risk, plain.interval)
    np.testing.assert_array_equal(named.heatmap.array, plain.heatmap.array)
    # What was loaded is as it was: the next caller gets what it asks for.
    used.clear()
    predict(loaded, case, heatmap=False, contours=False)
    assert set(used) == {("cpu", "cpu")}


def test_an_evaluation_runs_the_networks_beside_the_final_one_too(bundle, manifest, used):
    loaded = Bundle.load(bundle)
    used.clear()
    found = cohort_risks(loaded, read_manifest(manifest), device=NAMED)
    assert {"inner", "outer"} <= set(found.cases[0].signatures)
    assert set(used) == {(NAMED, "cpu")}


@pytest.mark.parametrize("command", ["predict", "evaluate", "train", "extract"])
def test_a_device_that_the_machine_lacks_is_refused_in_a_sentence(bundle, tmp_path, capsys, command):
    recipe = "hcc-mvi" if command == "extract" else "icca-recurrence-patch"
    cohort = simulate(load_recipe(recipe).phases, 1 if command == "extract" else 8, 32, 1.0, tmp_path / "cohort")
    words = [command, "--manifest", str(cohort), "--out", str(tmp_path / "out"), "--device", LACKING, "--quiet"]
    made = ["--recipe", recipe, "--profile", "small"]
    assert main([*words, *(made if command in ("train", "extract") else ["--bundle", str(bundle)])]) == 2
    said = capsys.readouterr().err
    assert f"torch cannot compute on the device '{LACKING}'; use cpu, or cuda with a CUDA build." in said
    assert "Traceback" not in said
    assert not list((tmp_path / "out").rglob("*.csv"))
