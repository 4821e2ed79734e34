"""Time and memory of RadFusion's engine beside those of others, on real regions, in one interleaved run.

    python Testing/Benchmarks/bench.py [--images DIR] [--repeats 3] [--parts whole original map memory cases first]

The others' environments are made by ``Testing/Benchmarks/reference_engines.sh``; one that is absent is said in the
table. Each engine runs in a process of its own that has computed the region once before, with one thread and one BLAS
thread. CPU is the process's own time, so that a busy machine disturbs it less than the wall clock.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from bench_regions import REGIONS, BenchRegion, write_region
from first_call import first_call

from RadFusionLib.radiomics import RadiomicsSettings, prepare
from RadFusionLib.radiomics.discretisation import discretise

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("radfusion", "pyradiomics", "pictologics", "nyxus", "mirp")
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "PICTOLOGICS_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)
SLOW = 15.0  # CPU seconds: an engine that takes longer for a task is measured once only
QUICK, QUICK_TURNS = 1.0, 25  # CPU seconds: one that takes less is measured so often, since chance weighs more
MAP_VOXELS = 40  # of the region, for which PyRadiomics' feature map is timed: all of it takes an hour


class Worker:
    """An engine's process."""

    def __init__(self, engine: str) -> None:
        own = ROOT / "build" / "engines" / engine / "bin" / "python"
        python = sys.executable if engine == "radfusion" else str(own)
        if engine != "radfusion" and not own.exists():
            raise FileNotFoundError(own)
        self._process = subprocess.Popen(
            [python, "-W", "ignore", str(Path(__file__).with_name("engines") / "worker.py"), engine],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1")},
        )  # fmt: skip

    def send(self, **task: Any) -> None:
        """Begin a task."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """Wait for its measurement."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"error": "the process ended"}

    def run(self, **task: Any) -> dict[str, Any]:
        """Do a task."""
        self.send(**task)
        return self.receive()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def interleaved(workers: dict[str, Worker], repeats: int, **task: Any) -> dict[str, list[dict[str, Any]]]:
    """Give each engine's measurements of a task, in turns, after a first one that does not count."""
    found = {name: [worker.run(**task, values=True)] for name, worker in workers.items()}
    turns = {name: _turns(name, first, repeats) for name, (first,) in found.items()}
    for turn in range(max(turns.values())):
        for name, worker in workers.items():
            if turn < turns[name]:
                found[name].append(worker.run(**task, values=False))
    return found


def _turns(engine: str, first: dict[str, Any], repeats: int) -> int:
    """How often a task is measured after the first time."""
    if "error" in first or (engine not in ("radfusion", "pyradiomics") and first["cpu"] > SLOW):
        return 0
    return max(repeats, QUICK_TURNS) if first["cpu"] < QUICK else repeats


def middle(measurements: list[dict[str, Any]], key: str) -> float:
    """Give the median without the first, if there are more."""
    return median(m[key] for m in measurements[1:] or measurements)


def largest_difference(ours: dict[str, Any], theirs: dict[str, Any]) -> float:
    """Give the largest relative difference of two sets of values, where the other gives one."""
    worst = 0.0
    for name, expected in theirs.items():
        a, b = np.atleast_1d(ours[name]), np.atleast_1d(expected).astype(np.float64)
        given = np.isfinite(b)
        if given.any():
            scale = np.maximum(np.abs(b[given]), 1e-3 * np.std(b[given]) + 1e-6)
            worst = max(worst, float(np.max(np.abs(a[given] - b[given]) / scale)))
    return worst


class Bench:
    """The parts of the benchmark."""

    def __init__(self, images: Path, repeats: int, folder: Path) -> None:
        self._repeats = repeats
        self._folder = folder
        self._rows: list[tuple[BenchRegion, Path, Path, int, int]] = []
        folder.mkdir(parents=True, exist_ok=True)
        for region in REGIONS:
            raw, ready = (folder / f"{region.name.replace(' ', '_')}{end}.npz" for end in ("", "_prepared"))
            write_region(images, region, raw)
            settings = RadiomicsSettings(bin_width=region.bin_width, spacing=(region.length,) * 3)
            with np.load(raw) as a:
                prepared = prepare(a["image"], a["mask"], tuple(float(s) for s in a["spacing"]), settings)
            np.savez(ready, image=prepared.image, mask=prepared.mask, spacing=np.array(prepared.spacing))
            bins = discretise(prepared.image[prepared.mask], settings).highest
            self._rows.append((region, raw, ready, int(prepared.mask.sum()), bins))

    def workers(self, engines: tuple[str, ...]) -> dict[str, Worker]:
        """Start what is installed, and say what is not."""
        found = {}
        for engine in engines:
            try:
                found[engine] = Worker(engine)
            except FileNotFoundError:
                print(f"{engine}: not installed (Testing/Benchmarks/reference_engines.sh {engine})")
        return found

    def whole(self) -> None:
        """All 1,781 features of each region."""
        print("\n## All 1,781 features, one thread: seconds\n")
        print("| region | voxels | bins | ours CPU | ours wall | PyRadiomics CPU | wall | CPU ratio | difference |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        workers = self.workers(("radfusion", "pyradiomics"))
        for region, raw, _, voxels, bins in self._rows:
            found = interleaved(
                workers, self._repeats, kind="whole", file=str(raw), length=region.length, bin_width=region.bin_width
            )
            if "pyradiomics" not in found or "error" in found["pyradiomics"][0]:
                print(f"| {region.name} | {voxels} | {bins} | {middle(found['radfusion'], 'cpu'):.3f} | | | | | |")
                continue
            ours, theirs = found["radfusion"], found["pyradiomics"]
            print(
                f"| {region.name} | {voxels} | {bins} | {middle(ours, 'cpu'):.3f} | {middle(ours, 'wall'):.3f}"
                f" | {middle(theirs, 'cpu'):.2f} | {middle(theirs, 'wall'):.2f}"
                f" | {middle(theirs, 'cpu') / middle(ours, 'cpu'):.1f}"
                f" | {largest_difference(ours[0]['values'], theirs[0]['values']):.0e} |",
                flush=True,
            )
        for worker in workers.values():
            worker.close()

    def original(self) -> None:
        """The original image of each region, already resampled, with every engine that installs."""
        print("\n## The resampled image alone, every family, one thread: CPU (wall) seconds, number of values\n")
        workers = self.workers(ENGINES)
        print("| region | voxels | bins | " + " | ".join(workers) + " |")
        print("| --- | --- | --- | " + " | ".join("---" for _ in workers) + " |")
        for region, _, ready, voxels, bins in self._rows:
            task = {"kind": "original", "file": str(ready), "bin_width": region.bin_width}
            found = interleaved(workers, self._repeats, **task)
            cells = [
                m[0]["error"][:40] if "error" in m[0]
                else f"{middle(m, 'cpu'):.4f} ({middle(m, 'wall'):.4f}), {m[0]['count']}"
                for m in found.values()
            ]  # fmt: skip
            print(f"| {region.name} | {voxels} | {bins} | " + " | ".join(cells) + " |", flush=True)
        for worker in workers.values():
            worker.close()

    def maps(self) -> None:
        """The GLCM feature maps, 3x3x3, of the smallest region."""
        region, _, ready, voxels, bins = self._rows[0]
        workers = self.workers(("radfusion", "pyradiomics"))
        task = {"kind": "map", "file": str(ready), "bin_width": region.bin_width, "voxels": MAP_VOXELS, "batch": 1}
        found = interleaved(workers, self._repeats, **task)
        ours = middle(found["radfusion"], "cpu") / voxels
        print(f"\n## GLCM feature maps (24), 3x3x3, {region.name}, {voxels} voxels, {bins} bins: CPU per voxel\n")
        print(f"ours {ours * 1e6:.0f} us ({ours * voxels:.2f} s in all)")
        if "pyradiomics" in found and "error" not in found["pyradiomics"][0]:
            theirs = middle(found["pyradiomics"], "cpu") / MAP_VOXELS
            difference = largest_difference(found["radfusion"][0]["values"], found["pyradiomics"][0]["values"])
            print(f"PyRadiomics {theirs * 1e6:.0f} us, measured on {MAP_VOXELS} voxels, one a batch")
            print(f"ratio {theirs / ours:.0f}, largest relative difference {difference:.0e}")
        for worker in workers.values():
            worker.close()

    def memory(self) -> None:
        """Peak memory of a fresh process that computes the largest region once."""
        region, raw, _, voxels, _ = self._rows[-1]
        print(f"\n## Peak memory, all 1,781 features, {region.name}, {voxels} voxels: MB of a fresh process\n")
        for engine in ("radfusion", "pyradiomics"):
            for name, worker in self.workers((engine,)).items():
                answer = worker.run(kind="whole", file=str(raw), length=region.length, bin_width=region.bin_width)
                print(f"{name}: {answer.get('peak_mb', float('nan')):.0f}", flush=True)
                worker.close()

    def cases(self) -> None:
        """Wall time of several cases, two processes of each engine at once."""
        print("\n## Four cases by two processes at once: wall seconds\n")
        print("| region | voxels | ours | PyRadiomics | ratio |\n| --- | --- | --- | --- | --- |")
        pools = {
            engine: [worker for _ in range(2) for worker in self.workers((engine,)).values()]
            for engine in ("radfusion", "pyradiomics")
        }
        for region, raw, _, voxels, _ in self._rows:
            task = {"kind": "whole", "file": str(raw), "length": region.length, "bin_width": region.bin_width}
            walls: dict[str, list[float]] = {engine: [] for engine in pools}
            for turn in range(self._repeats + 1):
                for engine, pool in pools.items():
                    seconds = _together(pool, task)
                    if turn > 0 and pool:
                        walls[engine].append(seconds)
            ours = median(walls["radfusion"])
            theirs = median(walls["pyradiomics"]) if walls["pyradiomics"] else float("nan")
            print(f"| {region.name} | {voxels} | {ours:.2f} | {theirs:.2f} | {theirs / ours:.1f} |", flush=True)
        for pool in pools.values():
            for worker in pool:
                worker.close()

    def first(self) -> None:
        """The first call in a fresh process beside a later one."""
        region, _, ready, voxels, _ = self._rows[0]
        found = first_call(ready, region.bin_width, self._repeats)
        print(f"\n## The first call costs more than a later one, {region.name}, {voxels} voxels: wall seconds\n")
        for kind, seconds in found.items():
            print(f"kernels, {kind}: {seconds:.2f}", flush=True)


def _together(pool: list[Worker], task: dict[str, Any]) -> float:
    """Do a task twice in each of several processes at once; give the wall time of all."""
    from time import perf_counter

    start = perf_counter()
    for _ in range(2):
        for worker in pool:
            worker.send(**task)
        for worker in pool:
            worker.receive()
    return perf_counter() - start


PARTS = {"whole": Bench.whole, "original": Bench.original, "map": Bench.maps, "memory": Bench.memory,
         "cases": Bench.cases, "first": Bench.first}  # fmt: skip


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=ROOT.parent / "shared" / "data" / "sts" / "images")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    if not options.images.is_dir():
        print(f"{options.images} is absent: name the folder of the sarcoma images with --images", file=sys.stderr)
        return 2
    bench = Bench(options.images, options.repeats, ROOT / "build" / "bench")
    for part in options.parts:
        PARTS[part](bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())
