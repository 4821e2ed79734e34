"""A second process that compiles what the first needs last, where nothing has been compiled yet.

Numba compiles one function at a time, more than ten seconds in all. What it keeps on disk any process may load, so a
second one works ahead, and the first finds done what it comes to.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

from RadFusionLib.radiomics.kernel import is_kept
from RadFusionLib.radiomics.maximal_correlation import maximal_correlation
from RadFusionLib.radiomics.settings import RadiomicsSettings
from RadFusionLib.radiomics.size_matrix import size_statistics

__all__ = ["begin_companion", "in_company", "kernels_are_kept"]

_ALONE = "RADFUSION_COMPILES_ALONE"


def kernels_are_kept() -> bool:
    """Whether the engine's kernels were compiled before, by any process; one of the last stands for all."""
    return is_kept(size_statistics)


@cache
def begin_companion(settings: RadiomicsSettings, number_type: str) -> subprocess.Popen[bytes] | None:
    """Start the second process, once in this one's life and only where it helps.

    Parameters
    ----------
    settings : RadiomicsSettings
        What is about to be computed.
    number_type : str
        NumPy's name of the image's numbers.

    Returns
    -------
    Popen or None
        The process, which nobody waits for; None where the kernels are kept, or none can be started.
    """
    if os.environ.get(_ALONE) or kernels_are_kept():
        return None
    words = [number_type, ",".join(settings.image_types), ",".join(settings.feature_classes)]
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    try:
        return subprocess.Popen(
            [sys.executable, "-m", __name__, *words],
            env={**os.environ, _ALONE: "1", "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None  # Slower alone, but right.


@contextmanager
def in_company(settings: RadiomicsSettings, number_type: str) -> Iterator[None]:
    """Compute the first region beside a companion, where there is one, and without searches for garbage.

    Numba's compiler makes millions of objects that stay; the collector, which goes through them again and again, takes
    a seventh of the time.

    Parameters
    ----------
    settings, number_type
        As for :func:`begin_companion`.
    """
    pause = begin_companion(settings, number_type) is not None and gc.isenabled() and not kernels_are_kept()
    if pause:
        gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()


def compile_ahead(number_type: str, images: tuple[str, ...], classes: tuple[str, ...]) -> None:
    """Compile what takes long and comes late, in the engine's order: neighbours, maximal correlation, 2D patterns."""
    from RadFusionLib.radiomics.compilation import small_ball
    from RadFusionLib.radiomics.engine import extract

    ball, mask = small_ball()
    image = ball.astype(number_type)
    neighbours = tuple(name for name in ("ngtdm", "gldm") if name in classes)
    if neighbours:
        settings = RadiomicsSettings(image_types=("original",), feature_classes=neighbours)
        extract(image, mask, (1.0, 1.0, 1.0), settings)
    if "glcm" in classes:
        level = np.arange(8, dtype=np.int32)
        next_level = np.minimum(level + 1, 7, dtype=np.int32)
        maximal_correlation(level, next_level, np.full(8, 1 / 15), np.full(8, 1 / 8))
    if "lbp-2D" in images:
        settings = RadiomicsSettings(image_types=("lbp-2D",), feature_classes=("firstorder",))
        extract(image, mask, (1.0, 1.0, 1.0), settings)


if __name__ == "__main__":
    gc.disable()
    compile_ahead(np.dtype(sys.argv[1]).name, tuple(sys.argv[2].split(",")), tuple(sys.argv[3].split(",")))
