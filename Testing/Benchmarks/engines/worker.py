"""A process that times one engine: reads a task a line from standard input, answers with the measurement as JSON.

``python worker.py ENGINE`` imports ``engine_ENGINE.py`` beside it, in the engine's own environment. The engine's
function ``make(task, arrays)`` returns what is to be timed: a function without arguments that returns the number of
values it computed, or the values by name.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
import traceback
from typing import Any

import numpy as np


def measure(engine: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Run a task once and say what it took."""
    with np.load(request["file"]) as stored:
        arrays = {name: stored[name] for name in stored.files}
    work = engine.make(request, arrays)
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    answer: dict[str, Any] = {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    if isinstance(found, dict):
        answer["count"] = len(found)
        if request.get("values"):
            answer["values"] = found
    else:
        answer["count"] = found
    return answer


def main() -> None:
    """Answer until standard input ends."""
    replies = sys.stdout
    sys.stdout = sys.stderr  # what the engine prints is no answer
    engine = importlib.import_module(f"engine_{sys.argv[1]}")
    for line in sys.stdin:
        try:
            answer = measure(engine, json.loads(line))
        except Exception as error:  # said in the table, the others go on
            answer = {"error": f"{type(error).__name__}: {error}"}
            traceback.print_exc()
        replies.write(json.dumps(answer) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
