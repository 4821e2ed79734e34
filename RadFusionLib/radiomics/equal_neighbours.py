"""Which neighbours of a voxel have its grey level: one bit a neighbour, for the matrices that build on it."""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.kernel import kernel
from RadFusionLib.radiomics.sixteen import WIDTH, load, same, store, where_equal

__all__ = ["count_equal_neighbours", "equal_neighbours", "voxel_runs"]


@kernel
def voxel_runs(voxels):  # type: ignore[no-untyped-def]
    """Give the first of each run of consecutive positions, and its length."""
    starts = np.empty(len(voxels), np.int64)
    lengths = np.empty(len(voxels), np.int64)
    runs = 0
    for n in range(len(voxels)):
        if n == 0 or voxels[n] != voxels[n - 1] + 1:
            starts[runs] = voxels[n]
            lengths[runs] = 0
            runs += 1
        lengths[runs - 1] += 1
    return starts[:runs].copy(), lengths[:runs].copy()


@kernel
def equal_neighbours(flat, starts, lengths, offsets):  # type: ignore[no-untyped-def]
    """Mark the neighbours of equal level.

    Parameters
    ----------
    flat : (v,) int32 array
        Level positions in the flattened bordered box, -1 outside the region, with sixteen more at the end.
    starts, lengths : (r,) int64 arrays
        Runs of the region's voxels.
    offsets : (m,) int64 array
        Steps in `flat`, at most 31.

    Returns
    -------
    (v,) int32 array
        Bit a is 1 where the voxel at ``offsets[a]`` has the same level. Defined at the region's voxels only.
    """
    result = np.empty(len(flat), np.int32)
    for run in range(len(starts)):
        for place in range(starts[run], starts[run] + lengths[run], WIDTH):
            here = load(flat, place)
            bits = same(flat, 0)
            for a in range(len(offsets)):
                bits |= where_equal(load(flat, place + offsets[a]), here, 1 << a, 0)
            store(result, place, bits)
    return result


@kernel
def count_equal_neighbours(flat, starts, lengths, offsets):  # type: ignore[no-untyped-def]
    """Give the number of neighbours of equal level, of any number of neighbours; otherwise as `equal_neighbours`."""
    result = np.empty(len(flat), np.int32)
    for run in range(len(starts)):
        for place in range(starts[run], starts[run] + lengths[run], WIDTH):
            here = load(flat, place)
            total = same(flat, 0)
            for a in range(len(offsets)):
                total += where_equal(load(flat, place + offsets[a]), here, 1, 0)
            store(result, place, total)
    return result
