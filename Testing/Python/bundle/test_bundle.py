"""Bundles: the same bytes, nothing altered goes unnoticed, nothing from the file is run."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from RadFusionLib.bundle import Bundle, TrainingRecord, write_card
from RadFusionLib.deep import random_weights
from RadFusionLib.doubt import TrainingDomain
from RadFusionLib.errors import BundleError
from RadFusionLib.fusion.training import fit_ensemble

sys.path.insert(0, str(Path(__file__).parents[1] / "fusion"))
from cohorts import informative_table, small_recipe


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    table, outcome, _ = informative_table(80, seed=3)
    recipe = small_recipe()
    trained = fit_ensemble(table, outcome, recipe, seed=1)
    weights = random_weights("compact", 1)
    record = TrainingRecord(
        seed=1,
        cases=80,
        events=int(outcome.sum()),
        folds={f"print-{i}": int(f) for i, f in enumerate(trained.folds)},
        out_of_fold_auc=trained.auc,
        demonstration=True,
        network={"name": weights.network, "sha256": weights.sha256, "source": weights.source},
        versions={"RadFusion": "0"},
    )
    domain = TrainingDomain.of(table, trained.ensemble.features, ["A", "B"] * 40)
    return Bundle(
        recipe, trained.ensemble, weights, domain, record, write_card(recipe, record, weights, trained.ensemble)
    )


@pytest.fixture
def saved(bundle: Bundle, tmp_path: Path) -> Path:
    return bundle.save(tmp_path / "b.radfusion")


def test_what_is_loaded_predicts_to_the_bit_what_was_saved(bundle, saved):
    loaded = Bundle.load(saved)
    fresh, _, _ = informative_table(30, seed=4)
    assert loaded.ensemble.predict(fresh) == bundle.ensemble.predict(fresh)
    assert loaded.recipe == bundle.recipe
    assert loaded.record == bundle.record
    assert loaded.domain == bundle.domain
    assert all(np.array_equal(loaded.weights.tensors[k], v) for k, v in bundle.weights.tensors.items())


def test_saving_twice_and_saving_what_was_loaded_gives_the_same_bytes(bundle, saved, tmp_path):
    assert bundle.save(tmp_path / "again.radfusion").read_bytes() == saved.read_bytes()
    assert Bundle.load(saved).save(tmp_path / "loaded.radfusion").read_bytes() == saved.read_bytes()


def test_the_card_says_what_must_be_said(bundle):
    assert "Research use only. Not a medical device. Must not inform diagnosis or treatment." in bundle.card
    assert "DEMONSTRATION" in bundle.card
    assert "RANDOM WEIGHTS" in bundle.card
    assert "DEMONSTRATION" in bundle.notice


def test_no_case_id_is_in_the_bundle(saved):
    with zipfile.ZipFile(saved) as archive:
        assert not any(b"case-1" in archive.read(name) for name in archive.namelist())


def test_every_flipped_byte_of_the_content_is_noticed(saved, tmp_path):
    data = saved.read_bytes()
    generator = np.random.default_rng(5)
    reference = Bundle.load(saved)
    for place in generator.integers(0, len(data), 150):
        mutated = bytearray(data)
        mutated[place] ^= 1 << int(generator.integers(8))
        path = tmp_path / "mutated.radfusion"
        path.write_bytes(mutated)
        found, sentence = _load(path)
        if found is None:
            assert str(path) in sentence
        else:  # a byte that carries no content, such as a time stamp or a comment
            assert found.card == reference.card
            assert found.recipe == reference.recipe
            assert found.record == reference.record


def _load(path: Path) -> tuple[Bundle | None, str]:
    try:
        return Bundle.load(path), ""
    except BundleError as error:
        return None, str(error)


@pytest.mark.parametrize("length", [0, 10, 1000])
def test_a_truncated_bundle_is_refused(saved, length):
    saved.write_bytes(saved.read_bytes()[:length])
    with pytest.raises(BundleError, match="damaged or not a bundle"):
        Bundle.load(saved)


def _rewritten(path: Path, changes: dict[str, bytes | None]) -> Path:
    with zipfile.ZipFile(path) as archive:
        content: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    content |= changes
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(name, data)
    path.write_bytes(buffer.getvalue())
    return path


def _index(path: Path) -> dict:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("bundle.json"))


def test_an_altered_member_is_refused(saved):
    with pytest.raises(BundleError, match=r"hash of card.md differs"):
        Bundle.load(_rewritten(saved, {"card.md": b"This model is a medical device."}))


def test_an_altered_index_is_refused(saved):
    index = _index(saved)
    index["record"]["demonstration"] = False
    with pytest.raises(BundleError, match="was altered"):
        Bundle.load(_rewritten(saved, {"bundle.json": json.dumps(index).encode()}))


@pytest.mark.parametrize("name", ["evil.pkl", "../escape.txt", "/absolute", "code.py"])
def test_an_unlisted_member_is_refused(saved, name):
    with pytest.raises(BundleError, match="files that a bundle does not have"):
        Bundle.load(_rewritten(saved, {name: b"x"}))


def test_a_missing_member_is_refused(saved):
    with pytest.raises(BundleError, match="was altered"):
        Bundle.load(_rewritten(saved, {"estimators.safetensors": None}))


@pytest.mark.parametrize("schema", [0, 1, 2, 4, "1", None])
def test_an_unknown_schema_is_refused_by_its_number(saved, schema):
    index = _index(saved)
    index["schema"] = schema
    with pytest.raises(BundleError, match=f"schema {schema}"):
        Bundle.load(_rewritten(saved, {"bundle.json": json.dumps(index).encode()}))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(saved):
    with pytest.raises(BundleError, match="too large"):
        Bundle.load(_rewritten(saved, {"card.md": b"0" * (2 << 20)}))


def test_what_hardly_shrinks_may_be_long_and_a_bomb_may_not_claim_so(saved, tmp_path, monkeypatch):
    """Trained networks make bundles of gigabytes; here the limit is made small instead."""
    from RadFusionLib.bundle import archive

    monkeypatch.setitem(archive.LARGEST, "estimators.safetensors", 16)
    assert Bundle.load(saved).name == Bundle.load(saved).name
    bomb = _rewritten(saved, {"estimators.safetensors": b"0" * (64 << 20)})
    with pytest.raises(BundleError, match="too large"):
        Bundle.load(bomb)
    # The central directory claims a packed length beyond the file's own.
    raw = bytearray(bomb.read_bytes())
    place = raw.rindex(b"estimators.safetensors") - 46
    assert raw[place : place + 4] == b"PK\x01\x02"
    raw[place + 20 : place + 24] = (1 << 30).to_bytes(4, "little")
    forged = tmp_path / "forged.radfusion"
    forged.write_bytes(raw)
    with pytest.raises(BundleError):
        Bundle.load(forged)


def test_a_kind_of_estimator_that_is_not_allowed_is_refused(saved, bundle, tmp_path):
    from RadFusionLib.bundle.archive import read_archive, write_archive

    index, members = read_archive(saved)
    next(iter(index["ensemble"]["members"][0]["models"].values()))["kind"] = "pickle"
    index.pop("members")
    index.pop("sha256")
    write_archive(tmp_path / "forged.radfusion", index, members)
    with pytest.raises(BundleError, match="not allowed"):
        Bundle.load(tmp_path / "forged.radfusion")


def test_a_failed_write_leaves_the_old_bundle_and_nothing_else(bundle, saved, monkeypatch):
    before = saved.read_bytes()

    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OSError, match="No space left"):
        bundle.save(saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["b.radfusion"]


def test_domain_warns_of_a_strange_case_and_a_new_scanner(bundle):
    from RadFusionLib.fusion import FeatureTable

    fresh, _, _ = informative_table(1, seed=4)
    usual = FeatureTable(fresh.cases, fresh.names, np.zeros_like(fresh.values))
    assert bundle.domain.warnings(usual, "A") == ()
    assert "scanner Z" in bundle.domain.warnings(usual, "Z")[0]
    strange = FeatureTable(fresh.cases, fresh.names, fresh.values + 100)
    assert "outside the range" in bundle.domain.warnings(strange, "A")[0]
