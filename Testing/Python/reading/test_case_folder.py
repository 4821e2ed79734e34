"""A case goes through files to another process and comes back to the last bit; a process answers, cancels and ends."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from RadFusionLib.case import Case, Geometry, MaskKey, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.progress import Stage
from RadFusionLib.reading.case_folder import read_case, write_case
from RadFusionLib.reading.task_server import Folder, serve

TURNED = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
"""Directions whose numbers no decimal holds."""


def case() -> Case:
    rng = np.random.default_rng(2)
    grid = Geometry(
        (5, 4, 3), (0.1, 1 / 3, 2.7), (0.1, -1 / 7, 9e3), tuple(tuple(float(v) for v in row) for row in TURNED)
    )  # type: ignore[arg-type]
    image = Volume(rng.normal(size=grid.shape).astype(np.float32), grid)
    mask = Volume(rng.random(grid.shape) > 0.5, grid)
    return Case(
        "a case",
        {"AP": image, "CT-NP": image.with_array(image.array * 2)},
        {MaskKey("tumor", "AP", "2", "1"): mask, MaskKey("liver"): mask.with_array(~mask.array)},
        {"AFP": 1 / 3},
        "a scanner",
        "a center",
        True,
        {"AP": {"tumor": mask}},
    )


def test_every_number_comes_back(tmp_path: Path) -> None:
    there = case()
    back = read_case(write_case(there, tmp_path / "case"))
    for name in ("id", "clinical", "scanner", "center", "simulated"):
        assert getattr(back, name) == getattr(there, name)
    pairs = [(back.phases, there.phases), (back.masks, there.masks), (back.segments["AP"], there.segments["AP"])]
    for mine, theirs in pairs:
        assert list(mine) == list(theirs)
        for key in theirs:
            assert mine[key].geometry == theirs[key].geometry
            assert mine[key].array.dtype == theirs[key].array.dtype
            assert np.array_equal(mine[key].array, theirs[key].array)


def test_no_object_is_unpickled(tmp_path: Path) -> None:
    folder = write_case(case(), tmp_path / "case")
    np.save(folder / "0.npy", np.array([{"not": "numbers"}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        read_case(folder)


class Tasks:
    def double(self, stage: Stage, number: int) -> int:
        stage(0.5, "Doubling")
        return 2 * number

    def refuse(self, stage: Stage) -> None:
        raise InputError("The case has no tumour; draw it.")

    def fall(self, stage: Stage) -> None:
        raise ZeroDivisionError("odd")


def answers(folder: Path, monkeypatch: pytest.MonkeyPatch, *requests: tuple[str, dict[str, Any]]) -> list[Any]:
    lines = [json.dumps({"number": n, "task": t, "arguments": a}) for n, (t, a) in enumerate(requests, start=1)]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines) + "\n"))
    serve(Folder(folder), Tasks())
    return [Folder(folder).read(f"{n}.answer") for n in range(1, len(requests) + 1)]


def test_tasks_are_answered_one_after_the_other_whatever_they_raise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answers(tmp_path, monkeypatch, ("refuse", {}), ("fall", {}), ("double", {"number": 4}), ("no task", {}))
    assert found[0] == {"failed": "The case has no tumour; draw it."}
    assert found[1] == {"broken": "ZeroDivisionError: odd"}
    assert found[2] == {"done": 8}
    assert "AttributeError" in found[3]["broken"]
    assert Folder(tmp_path).read("3.progress") == [0.5, "Doubling"]
    assert not list(tmp_path.glob("*.partial"))


def test_what_was_asked_before_the_cancellation_stops_and_what_comes_after_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Folder(tmp_path).write("cancel", 1)
    found = answers(tmp_path, monkeypatch, ("double", {"number": 1}), ("double", {"number": 2}))
    assert "cancelled" in found[0]
    assert found[1] == {"done": 4}


@pytest.mark.parametrize("end", ["input", "signal"])
def test_a_process_whose_window_is_gone_takes_its_files_along(tmp_path: Path, end: str) -> None:
    from RadFusionLib.reading.task_process import START

    folder = tmp_path / "exchange"
    folder.mkdir()
    (folder / "0.npy").write_bytes(b"a patient's voxels")
    words = [sys.executable, "-c", START, str(Path(__file__).resolve().parents[3]), str(folder), "no bundle", "0"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps({"number": 1, "task": "no task", "arguments": {}}) + "\n")
    process.stdin.flush()
    stop = time.monotonic() + 120
    while not (folder / "1.answer").is_file():
        assert time.monotonic() < stop
        time.sleep(0.05)
    if end == "input":
        process.stdin.close()
    else:
        process.terminate()
    process.wait(60)
    assert not folder.exists()
