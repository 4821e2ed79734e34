"""Give RadFusion thousands of altered inputs and see that each is refused in one sentence or read as what it is.

    python Testing/Fuzz/fuzz.py --seed 20261122

Each input has a number; the same seed and number give the same input. What does anything else than RadFusion promises
is kept in the folder, listed, and makes the command end with 1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
COUNTS = {"bundles": 6000, "manifests": 5000, "recipes": 2000, "images": 1500, "scenes": 600}
"""How many of each a whole run tries."""

PLANTED = 12
"""Deeds of the kind ``planted``, by which the tests see that this command notices them."""

MOST_SECONDS = 10.0
"""CPU time that an input may take."""

MOST_BYTES = 512 << 20
"""Memory that an input may take beyond what was there before it."""

HANGS = 60.0
"""Seconds on the clock after which an input is ended."""


@dataclass
class Tally:
    """What became of the inputs of one kind."""

    tried: int = 0
    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    bytes: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)

    def add(self, told: dict[str, Any]) -> None:
        """Count one input."""
        self.tried += 1
        why = [told["why"]] if told["why"] else []
        if told["seconds"] > MOST_SECONDS:
            why.append(f"it took {told['seconds']:.0f} s")
        if told["bytes"] > MOST_BYTES:
            why.append(f"it took {told['bytes'] >> 20} MiB")
        if why:
            self.findings.append({"number": told["number"], "why": "; ".join(why)})
        elif told["outcome"] == "accepted":
            self.accepted += 1
        else:
            self.refused += 1
        self.seconds += told["seconds"]
        self.longest, self.bytes = max(self.longest, told["seconds"]), max(self.bytes, told["bytes"])

    def figures(self) -> dict[str, Any]:
        """For the table."""
        return {
            "tried": self.tried,
            "refused": self.refused,
            "accepted": self.accepted,
            "findings": len(self.findings),
            "most seconds": round(self.longest, 2),
            "mean milliseconds": round(1000 * self.seconds / max(1, self.tried), 1),
            "most MiB": round(self.bytes / 2**20, 1),
        }


def run(kind: str, seed: int, first: int, count: int, keep: Path, hangs: float = HANGS) -> Tally:
    """Try ``count`` inputs of a kind; a process that dies is replaced, and what killed it is a finding."""
    tally, number, last = Tally(), first, first + count
    while number < last:
        place = Path(tempfile.mkdtemp(prefix="fuzz-"))
        try:
            number = _one_process(kind, seed, number, last, place, keep, hangs, tally)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    return tally


def _one_process(
    kind: str, seed: int, number: int, last: int, place: Path, keep: Path, hangs: float, tally: Tally
) -> int:
    """Read inputs in one process until it is through or dead; return the number to go on from."""
    words = [sys.executable, "-W", "ignore", str(HERE / "child.py"), kind, "--seed", str(seed), "--first", str(number)]
    words += ["--last", str(last), "--folder", str(place), "--seconds", str(hangs)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parents[1])}
    with (place / "stderr.txt").open("wb") as errors:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, cwd=place, env=environment)
        assert process.stdout is not None
        current: dict[str, Any] | None = None
        ready = False
        for line in process.stdout:
            try:
                told = json.loads(line)
            except ValueError:
                # A native library that prints.
                continue
            if "ready" in told:
                ready = True
            elif "path" in told:
                current = told
            else:
                before = len(tally.findings)
                tally.add(told)
                if len(tally.findings) > before:
                    _keep(kind, current, keep)
                    print(f"{kind} {told['number']}: {tally.findings[-1]['why'][:300]}", file=sys.stderr, flush=True)
                current, number = None, told["number"] + 1
        code = process.wait()
    said = (place / "stderr.txt").read_text(errors="replace")
    if not ready or (current is None and code):
        raise SystemExit(f"The whole inputs of {kind} are not read, or the process could not begin:\n{said[-3000:]}")
    if current is None:
        return number
    _keep(kind, current, keep)
    end = f"signal {-code}" if code < 0 else f"exit {code}"
    tally.tried += 1
    tally.findings.append({"number": current["number"], "why": f"the process ended ({end}): {said[-1500:]}"})
    return int(current["number"]) + 1


def _keep(kind: str, current: dict[str, Any] | None, keep: Path) -> None:
    """Copy the input of a finding to where it can be looked at."""
    if current is None:
        return
    path, place = Path(current["path"]), keep / f"{kind}-{current['number']}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for source in [path] if path.is_file() else sorted(path.iterdir()) if path.is_dir() else []:
        if source.is_file():
            shutil.copy(source, place)


def _lines(tallies: dict[str, Tally]) -> Iterator[str]:
    columns = list(Tally().figures())
    yield " | ".join(["kind", *columns])
    for kind, tally in tallies.items():
        yield " | ".join([kind, *map(str, tally.figures().values())])
    for kind, tally in tallies.items():
        for finding in tally.findings:
            yield f"{kind} {finding['number']}: {finding['why']}"


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    for kind, count in COUNTS.items():
        parser.add_argument(f"--{kind}", type=int, default=None, help=f"how many (default {count})")
    parser.add_argument("--only", help="one kind")
    parser.add_argument("--first", type=int, default=0, help="number of the first input (with --only)")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), help="where figures and findings are kept")
    parser.add_argument("--hangs", type=float, default=HANGS, help=f"seconds on the clock (default {HANGS:g})")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    tallies: dict[str, Tally] = {}
    for kind in [options.only] if options.only else COUNTS:
        wanted = getattr(options, kind, None)
        count = COUNTS.get(kind, PLANTED) if wanted is None else wanted
        tallies[kind] = run(kind, options.seed, options.first, count, options.out, options.hangs)
        print(f"{kind}: {tallies[kind].figures()}", file=sys.stderr, flush=True)
    print("\n".join(_lines(tallies)))
    found = sum(len(tally.findings) for tally in tallies.values())
    figures = {
        "seed": options.seed,
        "minutes": round((time.monotonic() - begun) / 60, 1),
        **{kind: {**tally.figures(), "list": tally.findings} for kind, tally in tallies.items()},
    }
    (options.out / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
