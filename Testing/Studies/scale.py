"""Extraction at scale: killed and resumed, on one worker, two, and a cluster; what a case costs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.recipe import load_recipe
from RadFusionLib.resources import resource
from RadFusionLib.simulation import simulate

RECIPE, PROFILE = "hcc-mvi", "small"
CASES, FEWER = 1000, 100
SEED = 105
KILLS = 3
FIRST, MORE = 40, 200
"""Cases that throughput is taken from: those beyond the first, so that what a run takes to start does not count."""


def run(
    folder: Path,
    jobs: int,
    progress: ProgressCallback | None = None,
    cases: int = CASES,
    few: int = FEWER,
    first: int = FIRST,
    more: int = MORE,
) -> dict[str, Any]:
    """All of it: 1,000 cases whole and killed, 100 cases by every kind of worker."""
    stage = Stage(progress)
    place = folder / "scale"
    manifest = simulated_cohort(place / "cohort", cases, SEED, jobs)
    stage(0.05, "The cohort is made; extracting it without interruption")
    shutil.rmtree(place / "whole", ignore_errors=True)
    whole = extract(manifest, place / "whole", "--jobs", str(jobs))
    stage(0.45, "Extracting it with kills")
    shutil.rmtree(place / "killed", ignore_errors=True)
    killed = killed_and_resumed(manifest, place / "killed", jobs, KILLS, SEED)
    equal = same(place / "killed", place / "whole")
    stage(0.9, "Fewer cases by every kind of worker")
    again = extract(manifest, place / "whole", "--jobs", str(jobs), "--resume")
    fewer = first_cases(manifest, few)
    for name in ("one", "two", "cluster"):
        shutil.rmtree(place / name, ignore_errors=True)
    one = extract(fewer, place / "one", "--jobs", "1")
    two = extract(fewer, place / "two", "--jobs", "2")
    with cluster(2) as address:
        dask = extract(fewer, place / "cluster", "--scheduler", address)
    store = [path for path in (place / "whole" / ".radfusion").rglob("*") if path.is_file()]
    return {
        "cases": cases,
        "killed": killed,
        "killed_equals_whole": equal,
        "equal_by_one_two_cluster": same(place / "one", place / "two") and same(place / "one", place / "cluster"),
        "whole": whole.figures(cases),
        "resumed_with_nothing_to_do": again.figures(cases),
        "one": one.figures(few),
        "two": two.figures(few),
        "cluster": dask.figures(few),
        "throughput_of_two": throughput(manifest, first, more),
        "images_bytes_a_case": size(manifest.parent, ".nrrd") / cases,
        "store_bytes_a_case": sum(path.stat().st_size for path in store) / cases,
        "store_files_a_case": len(store) / cases,
        "table_bytes_a_case": (place / "whole" / "features.parquet").stat().st_size / cases,
    }


@dataclass
class Extraction:
    """What an extraction cost.

    Parameters
    ----------
    seconds : float
        By the clock.
    cpu_seconds : float
        Of the process and its workers.
    busy : float
        Share of their time that workers with something to do were on a core or waiting for one; the rest they waited
        for the disk or for us. It does not depend on who else is using the machine.
    memory : list of float
        MB held by the process that hands the cases out, sampled while it did.
    worker_memory : float
        MB, the most that a worker held.
    result : dict
        The command's last line.
    """

    seconds: float
    cpu_seconds: float
    busy: float
    memory: list[float] = field(default_factory=list)
    worker_memory: float = 0.0
    result: dict[str, Any] = field(default_factory=dict)

    def figures(self, cases: int) -> dict[str, Any]:
        """For the page."""
        quarters = np.array_split(self.memory, 4) if len(self.memory) >= 4 else []
        return {
            "cases": self.result.get("cases"),
            "resumed": self.result.get("resumed"),
            "failures": len(self.result.get("failures", {})),
            "seconds": self.seconds,
            "cpu_seconds_a_case": self.cpu_seconds / cases,
            "busy": self.busy,
            "memory_mb_by_quarter": [float(quarter.max()) for quarter in quarters],
            "worker_memory_mb": self.worker_memory,
        }


def command(manifest: Path, out: Path, *words: str) -> list[str]:
    """The words of ``radfusion extract``; the recipe lies beside the manifest."""
    recipe = str(manifest.with_name("recipe.yaml"))
    base = [sys.executable, "-m", "RadFusionLib", "extract", "--recipe", recipe, "--profile", PROFILE]
    return [*base, "--manifest", str(manifest), "--out", str(out / "features.parquet"), "--json", *words]


def extract(manifest: Path, out: Path, *words: str) -> Extraction:
    """Run ``radfusion extract`` to its end and watch what it costs."""
    started, before = time.monotonic(), os.times()
    process = subprocess.Popen(command(manifest, out, *words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    watched = _Watch(process.pid)
    while process.poll() is None:
        watched.look()
        time.sleep(0.5)
    assert process.stdout is not None
    said = process.stdout.read().decode().strip().splitlines()
    if process.returncode:
        raise RuntimeError(f"radfusion extract ended with {process.returncode}: {said[-1:]}")
    after = os.times()
    return Extraction(
        seconds=time.monotonic() - started,
        cpu_seconds=after.children_user + after.children_system - before.children_user - before.children_system,
        busy=watched.busy,
        memory=watched.memory,
        worker_memory=watched.worker_memory,
        result=json.loads(said[-1]),
    )


def killed_and_resumed(manifest: Path, out: Path, jobs: int, kills: int, seed: int) -> dict[str, Any]:
    """Kill the run with -9 at random moments, resume it each time, and let it end at last.

    The moments are drawn as numbers of cases, not as seconds, so that a machine that others use as well makes no run
    end before it is killed.
    """
    cases = len(pd.read_csv(manifest))
    rng = np.random.default_rng(seed)
    done = []
    for number in range(kills):
        words = ["--jobs", str(jobs), *(["--resume"] if number else [])]
        goal = begun(out) + rng.uniform(0.1, 0.3) * cases
        process = subprocess.Popen(command(manifest, out, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while begun(out) < goal:
            if process.poll() is not None:
                raise RuntimeError("the run ended before it could be killed")
            time.sleep(float(rng.uniform(0.05, 0.5)))
        workers = children(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        done.append({"cases_begun": begun(out), "workers_left": left(workers, 30.0)})
        if (out / "features.parquet").exists():
            raise RuntimeError("a killed run left a table")
    last = extract(manifest, out, "--jobs", str(jobs), "--resume")
    return {"kills": done, "resumed": last.result["resumed"], "last": last.figures(cases)}


def simulated_cohort(folder: Path, cases: int, seed: int, jobs: int) -> Path:
    """The manifest of simulated cases, with the recipe beside it; made once."""
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        simulate(load_recipe(RECIPE, PROFILE).phases, cases, seed, 1.0, folder, jobs=jobs)
    shutil.copy(resource("Recipes", f"{RECIPE}.yaml"), folder / "recipe.yaml")
    return manifest


def throughput(manifest: Path, first: int, more: int) -> dict[str, Any]:
    """Cases an hour by two workers, as a share of twice those by one, by the clock of a quiet machine."""
    seconds = {}
    for workers in ("1", "2"):
        for cases in (first, more):
            out = manifest.parent.with_name("throughput")
            shutil.rmtree(out, ignore_errors=True)
            seconds[workers, cases] = extract(first_cases(manifest, cases), out, "--jobs", workers).seconds
    one, two = (seconds[workers, more] - seconds[workers, first] for workers in ("1", "2"))
    return {"further_cases": more - first, "seconds_by_one": one, "seconds_by_two": two, "of_ideal": one / (2 * two)}


def first_cases(manifest: Path, count: int) -> Path:
    """A manifest of the first cases, beside the whole one."""
    path = manifest.with_name(f"first-{count}.csv")
    pd.read_csv(manifest, dtype=str).head(count).to_csv(path, index=False)
    return path


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """A Dask cluster on loopback: a scheduler and workers of one thread, all gone at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    dask = [sys.executable, "-m"]
    starts = [
        [*dask, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        *[[*dask, "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard"]] * workers,
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = [subprocess.Popen(words, **quiet) for words in starts]  # type: ignore[call-overload]
    try:
        yield address
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def same(one: Path, other: Path) -> bool:
    """Whether two tables are the same bytes."""
    first, second = ((out / "features.parquet").read_bytes() for out in (one, other))
    return hashlib.sha256(first).digest() == hashlib.sha256(second).digest()


def size(folder: Path, ending: str) -> int:
    """Bytes of all files of a kind."""
    return sum(path.stat().st_size for path in folder.rglob(f"*{ending}"))


def kept(out: Path) -> int:
    """Pieces of finished work in an output's store."""
    return sum(path.is_file() for path in (out / ".radfusion").glob("*/*/*"))


def begun(out: Path) -> int:
    """Cases of which an output's store has at least the first step."""
    return sum(path.is_file() for path in (out / ".radfusion" / "prepared").glob("*/*"))


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    try:
        tasks = Path(f"/proc/{process}/task").iterdir()
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def left(processes: Sequence[int], patience: float) -> int:
    """How many are still there after some seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        alive = [p for p in processes if Path(f"/proc/{p}").exists()]
        if not alive:
            return 0
        time.sleep(0.1)
    return len(alive)


class _Watch:
    """Looks at a run and its workers now and then (Linux)."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._seen: dict[int, list[tuple[float, float]]] = {}
        self.memory: list[float] = []
        self.worker_memory = 0.0

    def look(self) -> None:
        """Take memory and time on a core, or waiting for one, of every process."""
        self.memory.append(_memory(self._process))
        for worker in children(self._process) or [self._process]:
            try:
                on_core, waiting = map(int, Path(f"/proc/{worker}/schedstat").read_text().split()[:2])
            except (OSError, ValueError):
                continue
            self._seen.setdefault(worker, []).append((time.monotonic(), (on_core + waiting) / 1e9))
            self.worker_memory = max(self.worker_memory, _memory(worker))

    @property
    def busy(self) -> float:
        """See :class:`Extraction`; of the processes that did most of the work."""
        spans = [(seen[-1][0] - seen[0][0], seen[-1][1] - seen[0][1]) for seen in self._seen.values() if len(seen) > 1]
        heavy = [(elapsed, busy) for elapsed, busy in spans if busy > 0.1 * max(b for _, b in spans)]
        return sum(b for _, b in heavy) / sum(e for e, _ in heavy) if heavy else float("nan")


def _memory(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
    except (OSError, StopIteration):
        return 0.0
