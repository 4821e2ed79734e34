"""Kept work is found again as it was, and what is not whole is not found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from RadFusionLib.computing import Entry, Store, StoreError, digest_of

KEY = "ab" * 32


def entry() -> Entry:
    values = np.array([1.5, np.nan, -0.0, 1e-310, np.pi])
    image = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    return Entry(
        {"names": ["a", "ü"], "none": float("nan")}, {"values": values, "image": image, "no": np.zeros((0, 3))}
    )


def test_what_is_kept_comes_back_to_the_bit(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.get("features", KEY) is None
    store.put("features", KEY, entry())
    found = Store(tmp_path).get("features", KEY)
    assert found is not None
    assert found.note["names"] == ["a", "ü"]
    for name, array in entry().arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        assert found.arrays[name].tobytes() == array.tobytes()
    assert store.get("images", KEY) is None
    assert not list(tmp_path.rglob("*.partial"))


def test_no_byte_can_be_lost_or_altered_unseen(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("features", KEY, entry())
    (path,) = (p for p in tmp_path.rglob("*") if p.is_file())
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert store.get("features", KEY) is None
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert store.get("features", KEY) is None
    path.write_bytes(whole + b"x")
    assert store.get("features", KEY) is None
    path.write_bytes(whole)
    assert store.get("features", KEY) is not None


def test_digests_tell_contents_apart() -> None:
    one = np.arange(6.0)
    digests = [
        digest_of(one), digest_of(one.reshape(2, 3)), digest_of(one.astype(np.float32)), digest_of(one[:3], one[3:]),
        digest_of(one[:2], one[2:]), digest_of("a", "bc"), digest_of("ab", "c"), digest_of("abc"), digest_of(["abc"]),
        digest_of(1), digest_of("1"), digest_of(1.0), digest_of(None), digest_of(),
    ]  # fmt: skip
    assert len(set(digests)) == len(digests)
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of(one.reshape(2, 3).T) == digest_of(np.ascontiguousarray(one.reshape(2, 3).T))


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path; import numpy as np\n"
        "from RadFusionLib.computing import Entry, Store, StoreError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "noise = np.random.default_rng(0).random(1000)\n"
        f"try: Store(Path(sys.argv[1])).put('features', '{KEY}', Entry({{}}, {{'values': noise}}))\n"
        "except StoreError as error: print(error); sys.exit(3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 3, done.stderr
    assert "File too large; mend that and run again with --resume" in done.stdout
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_an_error_of_the_store_survives_the_way_from_a_worker() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(StoreError("/out", "No space left on device")))
    assert str(error) == str(StoreError("/out", "No space left on device"))
    with pytest.raises(StoreError, match="/out: No space left on device"):
        raise error
