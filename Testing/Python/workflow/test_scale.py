"""A cohort at scale, small: killed and resumed, on one worker, two and a cluster, the table is the same bytes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "Studies"))

import scale
from tiny_cohort import tiny_cohort

import RadFusionLib.workflow.extraction_steps as steps
from RadFusionLib.case import MaskKey
from RadFusionLib.cli import main
from RadFusionLib.cohort import read_features, read_manifest
from RadFusionLib.computing import Store
from RadFusionLib.deep import resolve_weights
from RadFusionLib.imaging import read_image, write_volume
from RadFusionLib.recipe import Recipe, load_recipe
from RadFusionLib.workflow.cohort_extraction import KeptCohort, extract_to_file

CASES = 20


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cohort(tmp_path_factory.mktemp("scale") / "cohort", CASES, 11)


def words(manifest: Path, out: Path, *more: str) -> list[str]:
    return [*scale.command(manifest, out, *more)[3:], "--quiet"]


def test_killed_three_times_and_resumed_the_table_is_the_same_bytes(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    conventional = ["--family", "cr"]
    assert main(words(manifest, whole, *conventional)) == 0
    rng = np.random.default_rng(5)
    for number in range(3):
        goal = scale.kept(killed) + int(rng.integers(8, 40))
        more = ["--jobs", "2", *conventional, *(["--resume"] if number else [])]
        process = subprocess.Popen(
            scale.command(manifest, killed, *more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            waited(partial(enough, killed, goal))
            workers = scale.children(process.pid)
            assert len(workers) >= 2
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert scale.left(workers, 20.0) == 0
        assert not (killed / "features.parquet").exists()
    finished = len(list((killed / ".radfusion" / "content").glob("*/*")))
    capsys.readouterr()
    assert main(words(manifest, killed, "--resume", *conventional)) == 0
    resumed = json.loads(capsys.readouterr().out.splitlines()[-1])["resumed"]
    assert scale.same(whole, killed)
    # At most two were being worked on at each kill: all others that were begun are not repeated.
    assert finished - 6 <= resumed < CASES
    assert not list(killed.rglob("*.partial*"))
    # And once more: nothing is left to do, and the table is what it was.
    assert main(words(manifest, killed, "--resume", *conventional)) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["resumed"] == CASES
    assert scale.same(whole, killed)


def test_one_worker_two_and_a_cluster_give_the_same_bytes(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fewer = scale.first_cases(manifest, 6)
    one, two, dask = tmp_path / "one", tmp_path / "two", tmp_path / "dask"
    assert main(words(fewer, one, "--jobs", "1")) == 0
    assert main(words(fewer, two, "--jobs", "2")) == 0
    with scale.cluster(2) as address:
        assert main(words(fewer, dask, "--scheduler", address)) == 0
    assert scale.same(one, two)
    assert scale.same(one, dask)
    found = read_features(one / "features.parquet")
    assert found.record["threads"] == dict.fromkeys(("BLAS", "ITK", "Numba", "OpenMP", "torch"), 1)
    assert len(found.table.cases) == 6
    capsys.readouterr()


def test_a_scheduler_that_is_not_there_is_named(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("RadFusionLib.computing.cluster.ANSWER", 1)
    assert main(words(manifest, tmp_path, "--scheduler", "tcp://127.0.0.1:9")) == 2
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
    assert main(words(manifest, tmp_path, "--scheduler", "nonsense://x")) == 2
    assert "No Dask scheduler answers at nonsense://x" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


class Watched:
    """Which steps are made, while the store is asked for the others."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[tuple[str, tuple[str, str] | None]] = []
        self._store, self._out = Store(folder / "store"), folder / "f.parquet"
        self._before = steps.extract_case
        monkeypatch.setattr(steps, "extract_case", self._extract_case)

    def _extract_case(self, prepared, recipe, weights, *, families, places=None, **more):  # type: ignore[no-untyped-def]
        self.made += [(family, place) for family in families for place in places or [None]]
        return self._before(prepared, recipe, weights, families=families, places=places, **more)

    def extract(self, manifest: Path, recipe: Recipe) -> KeptCohort:
        self.made = []
        weights = resolve_weights(recipe.dlr["network"], recipe.dlr["weights"])
        cohort = read_manifest(manifest)
        return extract_to_file(recipe, cohort, weights, self._out, self._store, resume=True)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(tmp_path, monkeypatch)


def changed(recipe: Recipe, change: Callable[[dict], object]) -> Recipe:
    content = json.loads(json.dumps(recipe.to_json()))
    change(content["document"])
    return Recipe.from_json(content)


def test_a_changed_recipe_makes_only_what_changed(manifest: Path, watched: Watched) -> None:
    one = scale.first_cases(manifest, 1)
    recipe = load_recipe(manifest.with_name("recipe.yaml"), "small")
    places = [(phase, region) for phase in recipe.phases for region in recipe.regions]
    watched.extract(one, recipe)
    everything = {*((family, place) for family in ("cr", "dlr") for place in places), ("appearance", None)}
    assert set(watched.made) == everything
    assert len(watched.made) == len(everything)
    assert watched.extract(one, recipe).taken == 1
    assert watched.made == []

    watched.extract(one, changed(recipe, lambda d: d["cr"].update(bin_width=7)))
    assert sorted(watched.made) == sorted(("cr", place) for place in places)
    watched.extract(one, changed(recipe, lambda d: d["regions"]["shell"].update(margin_mm=8)))
    assert {place for family, place in watched.made if family != "appearance"} == {
        place for place in places if place[1] == "shell"
    }
    watched.extract(
        one, changed(recipe, lambda d: d.update(classifier={"logistic": {}}, folds={"outer": 3, "inner": 2}))
    )
    assert watched.made == []
    # And back: what was made before is still there.
    watched.extract(one, recipe)
    assert watched.made == []


def test_a_changed_image_makes_only_its_own_phase_and_another_case_nothing(
    manifest: Path, watched: Watched, tmp_path: Path
) -> None:
    two = scale.first_cases(manifest, 2)
    recipe = load_recipe(manifest.with_name("recipe.yaml"), "small")
    first = watched.extract(two, recipe)
    phase = next(phase for phase in recipe.phases if phase != recipe.reference_phase)
    row = read_manifest(two).rows[1]
    image = read_image(row.images[phase])
    altered = tmp_path / "altered.nrrd"
    write_volume(image.with_array(image.array + np.float32(1) * (image.array > 230)), altered)
    frame = pd.read_csv(two, dtype=str)
    frame.loc[1, f"image:{phase}"] = str(altered)
    frame.to_csv(two.with_name("altered.csv"), index=False)
    second = watched.extract(two.with_name("altered.csv"), recipe)
    assert {place for family, place in watched.made if family != "appearance"} == {
        (phase, region) for region in recipe.regions
    }
    assert (second.taken, first.taken) == (1, 0)
    assert second.cases[row.id].fingerprint != first.cases[row.id].fingerprint
    # A file written anew with the same content is read again, and that is all.
    image_path = row.images[phase]
    image_path.write_bytes(image_path.read_bytes())
    watched.extract(two, recipe)
    assert watched.made == []
    # A mask that is moved by a voxel is another mask.
    key = MaskKey("tumor")
    mask = read_image(row.masks[key])
    write_volume(mask.with_array(np.roll(mask.array, 1, axis=2).astype(bool)), row.masks[key])
    watched.extract(two, recipe)
    assert len({place for family, place in watched.made if family != "appearance"}) == len(recipe.phases) * 2


def enough(out: Path, goal: int) -> bool:
    return scale.kept(out) >= goal


def waited(condition: Callable[[], bool], patience: float = 240.0) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
