"""One run an output: a second is told who is there, and a killed one holds nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from RadFusionLib.computing import Entry, locked, output_of
from RadFusionLib.errors import InputError

HOLDER = """
import sys, time
from RadFusionLib.computing import locked
with locked(sys.argv[1], "out"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_refused_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=rf"Another run is writing to out \(process {holder.pid} on "):
            locked(file, "out").__enter__()
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with locked(file, "out"):
        pass


def test_what_a_killed_run_left_is_swept_and_what_it_finished_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "new" / "f.parquet"
    with output_of(out.parent / ".radfusion", out, (out,)) as store:
        store.put("features", "ab", Entry({"a": 1}))
        (store.folder / "features" / "ab" / ".cd.123.partial").touch()
        (out.parent / ".f.parquet.123.partial").touch()
        (out.parent / ".g.parquet.123.partial").touch()
    with output_of(out.parent / ".radfusion", out, (out,)) as store:
        assert store.get("features", "ab") == Entry({"a": 1})
    assert [p.name for p in tmp_path.rglob("*.partial")] == [".g.parquet.123.partial"]


def test_where_nothing_was_kept_nothing_stays(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with pytest.raises(ZeroDivisionError), output_of(folder / ".radfusion", folder):
        1 / 0  # noqa: B018
    assert not list(tmp_path.iterdir())
