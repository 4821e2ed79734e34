"""Read inputs one after another in a process with limits, and tell of each what became of it."""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from bundles import Bundles
from images import OUTSIDE_VALUE, Images
from manifests import Manifests
from planted import Planted
from recipes import Recipes
from scenes import Scenes
from target import Target
from watch import Watch, limit_resources

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import RadFusionError
from RadFusionLib.imaging import write_volume

TARGETS: dict[str, type[Target]] = {kind.name: kind for kind in (Bundles, Manifests, Recipes, Images, Planted, Scenes)}
LONGEST_SENTENCE = 4000
SPENT = ("allocate", "bad_alloc", "MemoryError", "out of memory")
"""Words of a reader that was refused memory by the system, not by us."""


def main() -> None:
    """Take a kind, a seed and a range of numbers; print a JSON line before and after each input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(TARGETS))
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--last", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="wall-clock time after which an input hangs")
    options = parser.parse_args()
    target, watch = _prepared(options.kind, options.folder)
    print(json.dumps({"ready": True}), flush=True)
    for number in range(options.first, options.last):
        rng = np.random.default_rng([options.seed, sorted(TARGETS).index(options.kind), number])
        target.number = number
        path = target.mutant(rng)
        print(json.dumps({"number": number, "path": str(path)}), flush=True)
        faulthandler.dump_traceback_later(options.seconds, exit=True)
        told = _try(target, watch, path)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps({"number": number, **told}), flush=True)


def _prepared(kind: str, folder: Path) -> tuple[Target, Watch]:
    """The target with everything imported, whole inputs accepted, limits set and the watch begun."""
    # Two levels down: the series of a structure set is looked for in the folders beside it, as the page on DICOM says.
    inside, outside, empty, scratch = (folder / name for name in ("case/inside", "outside", "empty", "scratch"))
    for place in (inside, outside, empty, scratch):
        place.mkdir(parents=True)
    geometry = Geometry((12, 10, 4))
    canary = Volume(np.full(geometry.shape, OUTSIDE_VALUE, np.float32), geometry)
    write_volume(canary, outside / "canary.nrrd")
    for name in ("canary.raw", "canary1.raw"):
        (outside / name).write_bytes(canary.array.tobytes())
    (outside / "canary.csv").write_text("case\nc\n")
    os.chdir(empty)
    tempfile.tempdir = str(scratch)
    target = TARGETS[kind](inside)
    for path in target.whole():
        target.use(path)
    watch = Watch(inside, outside, target.reads_anywhere, scratch if target.unpacks else None)
    limit_resources()
    return target, watch


def _try(target: Target, watch: Watch, path: Path) -> dict[str, Any]:
    outcome, why = "accepted", ""
    with watch.watching() as measured:
        try:
            target.use(path)
        except RadFusionError as error:
            outcome, why = "refused", _unclear(error)
        except Exception as error:
            why = f"{type(error).__name__}: {str(error)[:300]} {_place(error)}"
    left = sorted([*os.listdir("."), *os.listdir(tempfile.gettempdir())])
    if left:
        measured.breaches.append(f"left {left}")
    why = "; ".join(filter(None, [why, *dict.fromkeys(measured.breaches)]))
    return {
        "outcome": "finding" if why else outcome,
        "why": why,
        "seconds": round(measured.seconds, 4),
        "bytes": measured.bytes,
    }


def _unclear(error: RadFusionError) -> str:
    """What is wrong with a sentence; empty for a clear one."""
    text = str(error)
    if not text.endswith(".") or len(text) > LONGEST_SENTENCE or any(ord(c) < 32 or c == "\x7f" for c in text):
        return f"an unclear sentence: {text[:300]!r}"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) or any(word in str(cause) for word in SPENT):
            return f"memory was asked for that the system refused: {type(cause).__name__} {str(cause)[-200:]}"
        cause = cause.__cause__ or cause.__context__
    return ""


def _place(error: BaseException) -> str:
    """Where in our own code an error came from."""
    found, trace = "", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "RadFusionLib" in name:
            found = f"({Path(name).name}:{trace.tb_lineno})"
        trace = trace.tb_next
    return found


if __name__ == "__main__":
    sys.exit(main())
