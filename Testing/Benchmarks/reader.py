"""How long the browser reader takes to start.

    python Testing/Benchmarks/reader.py

Time of the clock until the address answers, and the processor time that it took, which other work on the machine
changes less; the load of the machine stands beside them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Measure and print."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "RadFusionLib", "read", "--no-browser"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        next(line for line in process.stdout if re.search(r"http://\S+", line))
        print(
            f"address after {time.monotonic() - begun:.1f} s, {_processor_seconds(process.pid):.1f} s of processor; "
            f"load of the machine {os.getloadavg()[0]:.1f}"
        )
    finally:
        process.terminate()
        process.wait()


def _processor_seconds(pid: int) -> float:
    """Of a process and those it started, on Linux."""
    ticks = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(place.name) == pid or int(fields[1]) == pid:
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
