"""Files and folders are whole or not there, whenever the writer is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from RadFusionLib.whole_file import sweep, whole_file, whole_folder

WRITER = """
import os, signal, sys
from pathlib import Path
from RadFusionLib.whole_file import whole_file, whole_folder
writer, path = {"file": whole_file, "folder": whole_folder}[sys.argv[1]], Path(sys.argv[2])
with writer(path) as partial:
    place = partial / "part" if partial.is_dir() else partial
    place.write_text("new")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_is_replaced_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"
    for text in ("old", "new"):
        with whole_file(path) as partial:
            partial.write_text(text)
            assert not path.exists() or path.read_text() == "old"
        assert path.read_text() == text
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_block_that_fails_leaves_the_former_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), whole_file(path) as partial:
        partial.with_suffix(".other").rename(partial)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "case"
    for name in ("old", "new"):
        with whole_folder(path) as partial:
            (partial / name).mkdir()
            (partial / name / "f").write_text(name)
    assert [p.relative_to(path).as_posix() for p in sorted(path.rglob("*"))] == ["new", "new/f"]
    with pytest.raises(ZeroDivisionError), whole_folder(path) as partial:
        1 / 0  # noqa: B018
    assert (path / "new" / "f").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["case"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_killed_writer_leaves_the_former_and_litter_that_is_swept(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "out[1].x"
    if kind == "file":
        path.write_text("old")
    else:
        path.mkdir()
        (path / "part").write_text("old")
    other = tmp_path / ".another.0.partial"
    other.touch()
    done = subprocess.run([sys.executable, "-c", WRITER, kind, str(path)], cwd=Path(__file__).parents[3])
    assert done.returncode == -signal.SIGKILL
    assert (path if kind == "file" else path / "part").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 3
    sweep(path)
    assert sorted(os.listdir(tmp_path)) == [".another.0.partial", "out[1].x"]
