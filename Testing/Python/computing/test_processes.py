"""Several processes: any may die, none stays behind, and each library has one thread."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import deeds

from RadFusionLib.computing import Died, here, one_thread, threads_in_use, workers_of
from RadFusionLib.errors import InputError

TASKS = list(range(7))


def test_the_same_by_one_and_by_two() -> None:
    wanted = dict(here.run(deeds.doubled, 100, TASKS))
    assert wanted == {task: 100 + 2 * task for task in TASKS}
    assert dict(workers_of(2).run(deeds.doubled, 100, TASKS)) == wanted
    assert workers_of(1) is here


def test_a_task_that_kills_its_worker_is_given_up_and_the_others_are_done() -> None:
    found = dict(workers_of(2).run(deeds.die_on, 3, TASKS))
    died = found.pop(3)
    assert found == {task: task for task in TASKS if task != 3}
    assert isinstance(died, Died)
    assert "died twice (killed by signal 9)" in died.reason


def test_a_worker_that_is_killed_once_costs_nothing_but_time(tmp_path: Path) -> None:
    assert dict(workers_of(2).run(deeds.die_once, str(tmp_path), TASKS)) == {task: task for task in TASKS}
    assert (tmp_path / "died").exists()


def test_what_concerns_all_ends_the_run_and_leaves_no_process() -> None:
    with pytest.raises(InputError, match="The disk is full"):
        list(workers_of(2).run(deeds.refuse, 2, TASKS))
    assert not workers()


def test_a_run_that_is_given_up_leaves_no_process(tmp_path: Path) -> None:
    with closing(workers_of(2).run(deeds.doubled, 0, TASKS)) as found:  # type: ignore[type-var]
        next(found)
        assert workers()
    assert not workers()


def test_the_workers_of_a_killed_process_end_by_themselves(tmp_path: Path) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import deeds\n"
        "from RadFusionLib.computing import workers_of\n"
        f"list(workers_of(2).run(deeds.sleep, {str(tmp_path)!r}, [0, 1]))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[3])
    try:
        waited(lambda: len(list(tmp_path.glob("*.working"))) == 2)
        found = [int(place.stem) for place in tmp_path.glob("*.working")]
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    waited(lambda: not any(alive(worker) for worker in found))


def test_every_library_has_one_thread_and_is_put_back() -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert set(threads_in_use().values()) == {1}
            assert os.environ["OMP_NUM_THREADS"] == "1"
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    ((_, found),) = workers_of(2).run(deeds.threads, None, [0])
    assert set(found) == {"BLAS", "OpenMP", "ITK", "Numba", "torch"}
    assert set(found.values()) == {1}


def workers() -> list[int]:
    """Spawned workers of this process; multiprocessing's own helper is none."""
    text = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    return [int(child) for child in text.split() if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def waited(condition: object, patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)
