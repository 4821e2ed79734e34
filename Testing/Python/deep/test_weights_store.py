import functools
import hashlib
import http.server
import threading

import numpy as np
import pytest

from RadFusionLib.deep.checkpoint import random_weights, save_weights
from RadFusionLib.deep.weights_store import PUBLISHED, PublishedWeights, WeightsStore, resolve_weights
from RadFusionLib.errors import Cancelled, InputError
from RadFusionLib.progress import Stage
from RadFusionLib.resources import resource


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "given.safetensors"
    save_weights(random_weights("compact", 9), path)
    return path


@pytest.fixture
def served(weights_file):
    """The folder of the file behind a loopback web server."""
    handler = functools.partial(_QuietHandler, directory=str(weights_file.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{weights_file.name}"
        server.shutdown()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("RADFUSION_CACHE", str(tmp_path / "cache"))
    store = WeightsStore()
    assert store.folder == tmp_path / "cache" / "networks"
    assert store.list() == []
    assert not store.folder.exists()


def test_an_added_file_is_kept_with_its_hash_and_loads(tmp_path, weights_file):
    store = WeightsStore(tmp_path)
    entry = store.add(weights_file)
    assert (entry.name, entry.network, entry.sha256) == ("compact", "compact", sha256(weights_file))
    assert store.list() == [entry]
    loaded = store.load("compact")
    assert loaded.sha256 == entry.sha256
    np.testing.assert_array_equal(loaded.tensors["conv1.weight"], random_weights("compact", 9).tensors["conv1.weight"])
    store.add(weights_file, name="mine")
    assert [e.name for e in WeightsStore(tmp_path).list()] == ["compact", "mine"]


def test_an_altered_file_is_refused(tmp_path, weights_file):
    store = WeightsStore(tmp_path)
    path = tmp_path / store.add(weights_file).file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="altered"):
        store.load("compact")
    path.unlink()
    with pytest.raises(InputError, match="missing"):
        store.load("compact")


def test_a_file_that_does_not_fit_leaves_the_store_unchanged(tmp_path, weights_file):
    store = WeightsStore(tmp_path)
    with pytest.raises(InputError):
        store.add(weights_file, network="r3d_18")
    assert store.list() == []


def test_absent_weights_say_how_to_get_them(tmp_path):
    with pytest.raises(InputError, match="radfusion weights fetch r3d_18"):
        WeightsStore(tmp_path).load("r3d_18")


@pytest.mark.parametrize("digits", [64, 8])
def test_fetching_checks_the_hash_and_stores(tmp_path, weights_file, served, digits):
    published = {"trial": PublishedWeights("compact", served, sha256(weights_file)[:digits], "none")}
    store = WeightsStore(tmp_path, published)
    seen = []
    entry = store.fetch("trial", Stage(lambda fraction, message: seen.append(fraction)))
    assert entry.sha256 == sha256(weights_file)
    assert seen[-1] == 1.0
    assert store.load("trial").network == "compact"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([entry.file, "weights.json"])


def test_a_differing_hash_is_refused_and_nothing_kept(tmp_path, served):
    store = WeightsStore(tmp_path, {"trial": PublishedWeights("compact", served, "0" * 64, "none")})
    with pytest.raises(InputError, match="not the published one"):
        store.fetch("trial")
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_or_failed_fetch_keeps_nothing(tmp_path, served):
    store = WeightsStore(tmp_path, {"trial": PublishedWeights("compact", served, "", "none")})
    with pytest.raises(Cancelled):
        store.fetch("trial", Stage(lambda fraction, message: False))
    gone = WeightsStore(tmp_path, {"trial": PublishedWeights("compact", served + ".gone", "", "none")})
    with pytest.raises(InputError, match="could not be fetched"):
        gone.fetch("trial")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="no published weights named 'other'"):
        store.fetch("other")


def test_the_shipped_weights_are_small_learnt_and_say_from_what():
    path = resource("Networks", "compact.safetensors")
    assert path.stat().st_size <= 3_000_000
    weights = resolve_weights("compact")
    assert (weights.source, weights.is_random, weights.sha256) == ("shipped compact", False, sha256(path))
    assert weights.notes["origin"] == "pre-trained without outcomes on simulated crops"
    assert {"seed", "cases", "loss", "held_out_loss", "settings_sha256", "phases"} <= set(weights.notes)
    assert resolve_weights("compact", "shipped").sha256 == weights.sha256
    with pytest.raises(InputError, match="No weights for r3d_18 come with RadFusion"):
        resolve_weights("r3d_18", "shipped")


def test_the_published_digits_are_those_of_the_file_s_name():
    for published in PUBLISHED.values():
        assert published.url.rpartition("-")[2].startswith(published.sha256[:8])


def test_the_choice_of_weights(tmp_path, weights_file):
    store = WeightsStore(tmp_path)
    assert resolve_weights("r3d_18", "random", seed=2, store=store).source == "random (seed 2)"
    assert resolve_weights("compact", weights_file, store=store).sha256 == sha256(weights_file)
    store.add(weights_file, name="mine")
    assert resolve_weights("compact", "mine", store=store).sha256 == sha256(weights_file)
    with pytest.raises(InputError, match="are for compact, not for r3d_18"):
        resolve_weights("r3d_18", "mine", store=store)
    with pytest.raises(InputError, match="no weights for r3d_18 here"):
        resolve_weights("r3d_18", store=store)
