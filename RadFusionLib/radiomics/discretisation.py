"""Discretisation: grey values to grey levels, once for each image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.bins import find_bins
from RadFusionLib.radiomics.settings import RadiomicsSettings

__all__ = ["GreyLevels", "UndefinedImage", "discretise"]

MOST_BINS = 4_000_000  # beyond this the bin width does not suit the image, and memory would suffer


class UndefinedImage(ValueError):
    """Features of an image cannot be computed; the message is the reason."""


@dataclass(frozen=True)
class GreyLevels:
    """The discretised values of a region.

    Attributes
    ----------
    index : (n,) int32 array
        For each voxel, the position of its grey level in `levels`.
    levels : (m,) float64 array
        The grey levels that occur, ascending; the lowest bin is 1.
    counts : (m,) int64 array
        Number of voxels of each level.
    """

    index: npt.NDArray[np.int32]
    levels: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]

    @property
    def highest(self) -> int:
        """The highest grey level, also the number of bins in use when the empty ones are counted."""
        return int(self.levels[-1])


def discretise(values: npt.NDArray[Any], settings: RadiomicsSettings) -> GreyLevels:
    """Assign grey levels to values.

    With a bin width w the level is ``floor(x / w) - floor(min / w) + 1``; with a bin count n the range is cut
    into n equal parts. Edges are computed in the values' own number type, as the reference does.

    Parameters
    ----------
    values : (n,) array
        Grey values of a region.
    settings : RadiomicsSettings
        `bin_count` or `bin_width`.

    Raises
    ------
    UndefinedImage
        If values are not finite or would need millions of bins.
    """
    lowest, highest = values.min(), values.max()
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise UndefinedImage("the filtered image has values that are not finite numbers in the region")
    if settings.bin_count is not None:
        edges = np.histogram_bin_edges(values, settings.bin_count)
        edges[-1] += 1  # the maximum belongs to the last bin
    else:
        width = settings.bin_width
        assert width is not None
        if (float(highest) - float(lowest)) / width > MOST_BINS:
            raise UndefinedImage(f"the bin width {width:g} would cut the region's range into over {MOST_BINS} bins")
        # Two widths beyond the maximum keep every bin half open, the last one too.
        edges = np.arange(lowest - lowest % width, highest + 2 * width, width)
    bins, present = find_bins(np.ascontiguousarray(values, dtype=np.float64), edges.astype(np.float64, copy=False))
    levels = np.flatnonzero(present)
    position = np.zeros(len(present), dtype=np.int32)
    position[levels] = np.arange(len(levels), dtype=np.int32)
    return GreyLevels(position[bins], levels.astype(np.float64), present[levels].astype(np.int64))
