"""What the first call in a fresh process costs more than a later one, with the kernels kept and without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

_STORY = """
import json, sys, time
import numpy as np
from RadFusionLib.radiomics import RadiomicsSettings, extract

with np.load(sys.argv[1]) as file:
    image, mask, spacing = file["image"], file["mask"], tuple(map(float, file["spacing"]))
settings = RadiomicsSettings(bin_width=float(sys.argv[2]))
seconds = []
for _ in range(3):
    start = time.perf_counter()
    extract(image, mask, spacing, settings)
    seconds.append(time.perf_counter() - start)
print(json.dumps(seconds[0] - min(seconds[1:])))
"""


def first_call(region: Path, bin_width: float, repeats: int) -> dict[str, float]:
    """Seconds by the clock, medians, of a region already resampled.

    Parameters
    ----------
    region : Path
        ``.npz`` with image, mask and spacing.
    bin_width : float
        As the settings take it.
    repeats : int
        Fresh processes of each kind.
    """
    found: dict[str, list[float]] = {"kept": [], "nothing compiled": []}
    for _ in range(repeats):
        for kind, seconds in found.items():
            with TemporaryDirectory(prefix="radfusion-kernels-", ignore_cleanup_errors=True) as empty:
                place = {"NUMBA_CACHE_DIR": empty} if kind != "kept" else {}
                told = subprocess.run(
                    [sys.executable, "-c", _STORY, str(region), str(bin_width)],
                    env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **place},
                    stdout=subprocess.PIPE, text=True, check=True,
                )  # fmt: skip
                seconds.append(float(json.loads(told.stdout)))
    return {kind: median(seconds) for kind, seconds in found.items()}
