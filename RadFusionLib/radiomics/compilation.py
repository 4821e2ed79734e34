"""Compile every kernel once, so that the first patient does not wait for it.

``python -m RadFusionLib.radiomics.compilation`` is a part of the set-up; Numba keeps the result beside the sources.
"""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.engine import extract
from RadFusionLib.radiomics.settings import RadiomicsSettings

__all__ = ["compile_kernels"]


def compile_kernels() -> int:
    """Extract all features of a small ball; return how many there were."""
    k, j, i = np.indices((12, 12, 12))
    mask = (k - 6) ** 2 + (j - 6) ** 2 + (i - 6) ** 2 <= 16
    image = np.random.default_rng(0).normal(100.0, 20.0, mask.shape)
    return len(extract(image, mask, (1.0, 1.0, 1.0), RadiomicsSettings()))


if __name__ == "__main__":
    compile_kernels()
