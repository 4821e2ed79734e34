"""A training that was interrupted goes on and ends in the same bundle, byte for byte; what it tells on the way."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from RadFusionLib.cli import main
from RadFusionLib.cohort import FeatureFile, read_features, read_manifest, write_features
from RadFusionLib.computing import Store
from RadFusionLib.deep import resolve_weights
from RadFusionLib.errors import Cancelled
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.network_fits import BEGUN, FITTED, HELD_OUT, NetworkFits
from RadFusionLib.progress import Stage
from RadFusionLib.recipe import load_recipe
from RadFusionLib.workflow import train

pytest.importorskip("torch", reason="torch is not installed")

CASES = 24
FITS = (2 + 2 * 2 + 2) * 3
"""Members, nested members and halves, each with one fit to all of its cases and two inner folds."""


@dataclass(frozen=True)
class Given:
    """A recipe with a network inside a stack, and a cohort of noise of which only patches are known."""

    recipe: Path
    manifest: Path
    features: Path

    def words(self, out: Path, *more: str) -> list[str]:
        given = ["--recipe", str(self.recipe), "--manifest", str(self.manifest), "--features", str(self.features)]
        return ["train", *given, "--out", str(out), "--seed", "3", *more]

    def train(self, out: Path, store: Store | None = None, resume: bool = False, **more) -> list[str]:
        """Train into a file; what was told."""
        told: list[str] = []
        stop: Callable[[str], bool] = more.pop("stop", lambda message: False)
        manifest = more.pop("manifest", self.manifest)

        def tell(fraction: float, message: str) -> bool:
            told.append(message)
            return not stop(message)

        bundle = train(
            load_recipe(more.pop("recipe", self.recipe)), read_manifest(manifest),
            features=read_features(self.features), store=store, resume=resume, progress=Stage(tell),
            **{"seed": 3, **more},
        )  # fmt: skip
        bundle.save(out)
        return told


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    folder = tmp_path_factory.mktemp("given")
    document = dict(load_recipe("icca-recurrence-patch", "small").document)
    document["networks"]["patches"]["training"] |= {"epochs": 3, "batch": 8}
    document["models"] = [
        {"name": "patches", "network": "patches"},
        {"name": "fusion", "stack": ["patches"], "classifier": {"logistic": {"C": 25.0}}},
    ]
    document |= {"name": "noise", "final": {"candidates": ["fusion"]}, "interval": {"level": 0.9, "refits": 2}}
    document |= {"heatmap": {"kind": "contribution"}, "published": {}}
    recipe = folder / "noise.yaml"
    recipe.write_text(yaml.safe_dump(document))
    noise = np.random.default_rng(8)
    ids = tuple(f"case-{i}" for i in range(CASES))
    images = tuple(noise.integers(0, 255, (2, 24, 24), dtype=np.uint8) for _ in ids)
    table = FeatureTable(ids, ("CT-NP_appearance_made_up",), np.zeros((CASES, 1)), images={"patches": images})
    record = {**load_recipe(recipe).extraction, "network": None}
    features = write_features(FeatureFile(table, ids, record), folder / "features.parquet")
    rows = {"case": ids, "outcome": [i % 2 for i in range(CASES)], "simulated": 1, "image:CT-NP": "none.nrrd"}
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    return Given(recipe, folder / "manifest.csv", features)


@pytest.fixture(scope="module")
def whole(given: Given, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[str]]:
    """The bundle of a training that nobody disturbed and that kept nothing, and what it told."""
    out = tmp_path_factory.mktemp("whole") / "m.radfusion"
    told = given.train(out)
    return out.read_bytes(), told


def fits_begun(told: list[str]) -> int:
    """Fits whose first step was told: at least two in an epoch, of 8 patches each."""
    return sum(1 for message, before in zip(told, ["", *told], strict=False) if _first(message) and not _first(before))


def _first(message: str) -> bool:
    return message.startswith("epoch 1/")


def test_every_step_of_a_network_is_told_with_its_place_and_the_fraction_never_falls(given, whole, tmp_path):
    _, told = whole
    assert fits_begun(told) == FITS
    assert any(
        re.fullmatch(r"epoch 2/3: loss \d\.\d+, AUC \d\.\d+ \(patches, inner fold 2/2, nested members 3/4\)", message)
        for message in told
    )
    seen: list[float] = []
    given_features = read_features(given.features)

    def tell(fraction: float, message: str) -> bool:
        seen.append(fraction)
        return len(seen) < 60

    with pytest.raises(Cancelled):
        train(load_recipe(given.recipe), read_manifest(given.manifest), features=given_features, progress=Stage(tell))
    assert seen == sorted(seen)
    assert seen[-1] > seen[1]


@pytest.mark.parametrize("place", ["epoch 2/3.*inner fold 1/2, members 2/2", "epoch 3/3.*all, nested members 2/4"])
def test_stopped_in_the_middle_of_a_fit_and_resumed_the_bundle_is_the_same_bytes(given, whole, tmp_path, place):
    expected, _ = whole
    store, out = Store(tmp_path / "kept"), tmp_path / "m.radfusion"
    with pytest.raises(Cancelled):
        given.train(out, store, stop=lambda message: re.search(place, message) is not None)
    assert not out.exists()
    assert len(list((tmp_path / "kept" / BEGUN).iterdir())) == 1
    finished = sum(1 for kind in (FITTED, HELD_OUT) for file in (tmp_path / "kept" / kind).rglob("*") if file.is_file())
    told = given.train(out, store, resume=True)
    assert out.read_bytes() == expected
    # The finished fits and the first epochs of the one that was under way are not made again.
    assert finished >= 3
    assert fits_begun(told) == FITS - finished - 1
    again = given.train(out, store, resume=True)
    assert out.read_bytes() == expected
    assert fits_begun(again) == 0


def test_without_resume_everything_is_made_anew(given, whole, tmp_path):
    store, out = Store(tmp_path / "kept"), tmp_path / "m.radfusion"
    with pytest.raises(Cancelled):
        given.train(out, store, stop=lambda message: "epoch 2/3" in message and "nested members 1/4" in message)
    told = given.train(out, store)
    assert fits_begun(told) == FITS
    assert out.read_bytes() == whole[0]


def test_beside_what_was_kept_with_another_outcome_the_bundle_is_as_if_alone(given, whole, tmp_path):
    store, out, alone = Store(tmp_path / "kept"), tmp_path / "m.radfusion", tmp_path / "alone.radfusion"
    given.train(out, store)
    frame = pd.read_csv(given.manifest)
    frame.loc[:1, "outcome"] = 1 - frame.loc[:1, "outcome"]
    manifest = tmp_path / "other.csv"
    frame.to_csv(manifest, index=False)
    given.train(alone, manifest=manifest)
    given.train(out, store, resume=True, manifest=manifest)
    assert out.read_bytes() == alone.read_bytes() != whole[0]


@pytest.mark.parametrize("changed", ["nothing", "voxel", "outcome", "order", "seed", "rate", "weights", "sources"])
def test_a_kept_fit_is_found_only_when_nothing_it_depends_on_changed(given, tmp_path, monkeypatch, changed):
    told: list[str] = []
    fits = NetworkFits(Store(tmp_path), True, progress=Stage(lambda fraction, message: told.append(message) is None))
    table, y = read_features(given.features).table.rows(np.arange(8)), np.arange(8) % 2
    section, seed = load_recipe(given.recipe).networks["patches"], 3
    first = fits.fit(table, y, "patches", section, seed)
    told.clear()
    if changed == "voxel":
        other = [np.array(image) for image in table.images["patches"]]
        other[5][1, 3, 4] += 1
        table = replace(table, images={"patches": tuple(other)})
    elif changed == "outcome":
        y = y[::-1]
    elif changed == "order":
        table, y = table.rows(np.arange(8)[::-1]), y[::-1]
    elif changed == "seed":
        seed = 4
    elif changed == "rate":
        section = {**section, "training": {**section["training"], "learning_rate": 0.003}}
    elif changed == "weights":
        start = replace(resolve_weights("compact_2d", "random", seed=9), sha256="other")
        monkeypatch.setattr("RadFusionLib.fusion.network_fits.initial_weights", lambda *given: start)
    elif changed == "sources":
        monkeypatch.setattr("RadFusionLib.fusion.network_fits.engine_digest", lambda sources: "mended since")
    again = fits.fit(table, y, "patches", section, seed)
    assert bool(told) == (changed != "nothing")
    same = all((again.classifier.tensors_[name] == values).all() for name, values in first.classifier.tensors_.items())
    assert same == (changed in ("nothing", "weights", "sources"))


def test_a_kept_fit_that_was_cut_short_or_altered_is_made_anew(given, whole, tmp_path):
    store, out = Store(tmp_path / "kept"), tmp_path / "m.radfusion"
    with pytest.raises(Cancelled):
        given.train(out, store, stop=lambda message: "epoch 3/3" in message and "members 2/2" in message)
    (begun,) = (tmp_path / "kept" / BEGUN).iterdir()
    begun.write_bytes(begun.read_bytes()[:-8])
    network = next(file for file in (tmp_path / "kept" / FITTED).rglob("*") if file.is_file())
    content = bytearray(network.read_bytes())
    content[-100] ^= 1
    network.write_bytes(content)
    given.train(out, store, resume=True)
    assert out.read_bytes() == whole[0]


def logged(file: Path) -> Counter[tuple[str, str, str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert all(0 < float(row["loss"]) < 10 and 0 <= float(row["AUC"]) <= 1 for row in rows)
    return Counter((row["part"], row["member"], row["fit"], row["epoch"]) for row in rows)


def test_the_command_killed_and_resumed_leaves_bundle_and_table_of_fits_and_nothing_else(given, whole, tmp_path):
    """SIGKILL while a network trains; another process goes on, here with two workers."""
    out, environment = tmp_path / "m.radfusion", {**os.environ, "OMP_NUM_THREADS": "1"}
    kept = tmp_path / ".m.radfusion.radfusion"
    command = [sys.executable, "-m", "RadFusionLib", *given.words(out, "--quiet")]
    with subprocess.Popen(command, env=environment) as process:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and not ((kept / FITTED).is_dir() and list((kept / BEGUN).glob("*.saf*"))):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert not out.exists()
    assert list((kept / FITTED).iterdir())
    assert main(given.words(out, "--quiet", "--resume", "--jobs", "2")) == 0
    assert out.read_bytes() == whole[0]
    # Each fit is as large as its network: none is kept once the bundle is written.
    assert sorted(place.name for place in tmp_path.iterdir()) == ["m.radfusion", "m.training.csv"]
    lines = logged(tmp_path / "m.training.csv")
    assert len(lines) == 3 * FITS
    assert set(lines.values()) == {1}
    assert lines["nested members", "4/4", "inner fold 1/2", "3"] == 1
    assert lines["interval", "2/2", "all", "1"] == 1
