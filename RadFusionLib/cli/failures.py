"""List the cases that failed, so that the rest can be delivered."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.whole_file import whole_file

__all__ = ["report_failures"]


def report_failures(failures: Mapping[str, str], path: Path, bar: ProgressBar) -> int:
    """Write ``case, reason`` rows to ``path`` when any case failed; return the exit code."""
    if not failures:
        path.unlink(missing_ok=True)
        return 0
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case", "reason"])
        writer.writerows(failures.items())
    cases = "case" if len(failures) == 1 else "cases"
    bar.say(f"{len(failures)} {cases} failed; see {path}")
    return 1
