"""The process beside the Slicer window: a task a line comes in, and files go out.

Each task is a line of JSON on standard input, ``{"number": 3, "task": "predict", "arguments": {...}}``. How far it is
goes to ``3.progress``, its answer to ``3.answer``, both JSON and each written whole. A task stops at its next step
when the file ``cancel`` holds its number or a later one. The process ends with its input, and takes its folder with it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from RadFusionLib.errors import Cancelled, RadFusionError
from RadFusionLib.progress import Stage

__all__ = ["Folder", "main", "serve"]


class Folder:
    """Where both processes leave their files for each other.

    Parameters
    ----------
    path : Path
        For these two processes alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: Any) -> None:
        """Write a file whole: a reader sees the old one or the new one."""
        partial = self.path / f".{name}.partial"
        partial.write_text(json.dumps(content), encoding="utf-8")
        os.replace(partial, self.path / name)

    def read(self, name: str) -> Any:
        """Return a file's content; ``None`` when it is not there (yet)."""
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, PermissionError):
            # On Windows, a file cannot be opened while it is replaced.
            return None


def serve(folder: Folder, tasks: Any) -> None:
    """Do what standard input asks for until it ends.

    Parameters
    ----------
    folder : Folder
        For progress and answers.
    tasks : object
        A method a task: it takes a :class:`~RadFusionLib.progress.Stage` and the task's arguments by name, and returns
        what JSON can hold.
    """
    for line in sys.stdin:
        request = json.loads(line)
        number = int(request["number"])
        folder.write(f"{number}.answer", _answer(folder, tasks, number, request))


def _answer(folder: Folder, tasks: Any, number: int, request: Mapping[str, Any]) -> dict[str, Any]:
    def report(fraction: float, message: str) -> bool:
        folder.write(f"{number}.progress", [fraction, message])
        return int(folder.read("cancel") or 0) < number

    try:
        return {"done": getattr(tasks, request["task"])(Stage(report), **request["arguments"])}
    except Cancelled as stop:
        return {"cancelled": str(stop)}
    except RadFusionError as error:
        return {"failed": str(error)}
    except MemoryError:
        return {"failed": "The memory was not enough for this case; close other programs and try again."}
    except Exception as error:
        return {"broken": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Serve the bundle and the folder that the command line names."""
    from RadFusionLib.reading.bench_files import BenchFiles

    folder, bundle, allow_demonstration = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "1"
    # Ended from outside, it still takes its folder, a patient's images among it, along.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    try:
        serve(Folder(folder), BenchFiles(bundle, allow_demonstration))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
