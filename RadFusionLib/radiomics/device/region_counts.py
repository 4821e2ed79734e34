"""Counting the texture matrices of a whole region with torch: every count is a whole number, equal to the kernels'."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

__all__ = ["LevelCounts", "RegionCounts"]

_TABLE_LIMIT = 1 << 24  # entries up to which pairs are counted in a table; beyond, they are sorted

Integers = npt.NDArray[np.int64]
Listed = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float64]]


class RegionCounts:
    """A region's voxels on a device.

    Parameters
    ----------
    size : int
        Length of the flattened bordered box.
    voxels : (n,) int64 array
        Positions of the region in it.
    device : torch.device
        Where to count.
    """

    def __init__(self, size: int, voxels: Integers, device: torch.device) -> None:
        import torch

        self._torch = torch
        self._device = device
        self._voxels = torch.as_tensor(voxels, device=device)
        self._self = torch.arange(len(voxels), device=device)
        # The last entry stands for every place outside the region.
        self._order = torch.full((size,), len(voxels), dtype=torch.int64, device=device)
        self._order[self._voxels] = self._self

    def of_levels(self, index: npt.NDArray[np.int32], levels: npt.NDArray[np.float64]) -> LevelCounts:
        """Take the level positions (n,) of one image, and the grey levels (m,) they stand for."""
        torch = self._torch
        here = torch.as_tensor(index, device=self._device).long()
        outside = torch.full((1,), -1, dtype=torch.int64, device=self._device)
        return LevelCounts(self, torch.cat([here, outside]), torch.as_tensor(levels, device=self._device).long())

    def ahead(self, offset: int) -> torch.Tensor:
        """Give for each voxel the number of the one at a step; n where that is outside."""
        return self._order[self._voxels + offset]

    @property
    def numbers(self) -> torch.Tensor:
        """The voxels' numbers, 0 to n - 1."""
        return self._self


class LevelCounts:
    """The matrices of one image; made by `RegionCounts.of_levels`."""

    def __init__(self, region: RegionCounts, index: torch.Tensor, levels: torch.Tensor) -> None:
        import torch

        self._torch = torch
        self._region = region
        self._index = index  # -1 behind the last voxel
        self._here = index[:-1]
        self._levels = levels
        self._count = len(levels)

    def pairs(self, offset: int) -> Listed:
        """Count the unordered pairs of neighbours at a step: their level positions, first <= second, and how often."""
        torch = self._torch
        there = self._index[self._region.ahead(offset)]
        inside = there >= 0
        here, there = self._here[inside], there[inside]
        return self._listed(torch.minimum(here, there), torch.maximum(here, there), self._count)

    def runs(self, offsets: Integers, longest: int) -> tuple[Listed, Integers]:
        """Count the runs of more than one voxel along each step.

        Returns
        -------
        (rows, sizes, counts), bounds
            As `RadFusionLib.radiomics.tally.tally` of ``line * level_count + level`` and length.
        """
        found = [self._runs_along(int(offset), longest) for offset in offsets]
        rows = [rows + line * self._count for line, (rows, _, _) in enumerate(found)]
        joined = (
            np.concatenate(rows).astype(np.int32),
            np.concatenate([sizes for _, sizes, _ in found]),
            np.concatenate([counts for _, _, counts in found]),
        )
        bounds = np.searchsorted(joined[0], np.arange(len(offsets) * self._count + 1))
        return joined, bounds.astype(np.int64)

    def zones(self, offsets: Integers) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], int]:
        """Give level position and size of each zone of more than one voxel that the steps connect, and the largest."""
        torch = self._torch
        edges = [self._equal(int(offset)) for offset in offsets]
        one, other = torch.cat([a for a, _ in edges]), torch.cat([b for _, b in edges])
        parent = self._region.numbers.clone()
        while True:
            a, b = parent[one], parent[other]
            if bool((a == b).all()):
                break
            # Every root with a smaller one beside it hangs itself below; then all paths are made short.
            parent = parent.scatter_reduce(0, torch.maximum(a, b), torch.minimum(a, b), "amin")
            while True:
                shorter = parent[parent]
                if bool((shorter == parent).all()):
                    break
                parent = shorter
        sizes = torch.bincount(parent, minlength=len(parent))
        roots = torch.nonzero(sizes > 1)[:, 0]
        level, size = _numpy(self._here[roots]), _numpy(sizes[roots])
        return level.astype(np.int32), size.astype(np.int32), int(size.max(initial=1))

    def dependences(self, offsets: Integers, alpha: int) -> npt.NDArray[np.float64]:
        """Count the voxels by level position and 1 + number of neighbours that differ by at most `alpha`."""
        torch = self._torch
        dependent = torch.ones_like(self._here)
        grey = self._levels[self._here]
        for offset in offsets:
            there = self._index[self._region.ahead(int(offset))]
            near = (self._levels[there.clamp(min=0)] - grey).abs() <= alpha
            dependent += near & (there >= 0)
        width = len(offsets) + 2
        table = torch.bincount(self._here * width + dependent, minlength=self._count * width)
        return _numpy(table).astype(np.float64).reshape(self._count, width)

    def differences(self, offsets: Integers) -> npt.NDArray[np.float64]:
        """Sum for each level ``|i - mean of the neighbours within the region|``, (m,)."""
        torch = self._torch
        grey = self._levels[self._here]
        total, neighbours = torch.zeros_like(grey), torch.zeros_like(grey)
        for offset in offsets:
            there = self._index[self._region.ahead(int(offset))]
            inside = there >= 0
            total += torch.where(inside, self._levels[there.clamp(min=0)], 0)
            neighbours += inside
        # |i - t / c| = |i c - t| / c: whole numbers are added up for each c, in whatever order, and divided once.
        width = len(offsets) + 1
        table = torch.zeros(self._count * width, dtype=torch.int64, device=grey.device)
        table.scatter_add_(0, self._here * width + neighbours, (grey * neighbours - total).abs())
        sums = _numpy(table).astype(np.float64).reshape(self._count, width)
        return np.asarray((sums[:, 1:] / np.arange(1, width)).sum(axis=1))

    def _equal(self, offset: int) -> tuple[torch.Tensor, torch.Tensor]:
        ahead = self._region.ahead(offset)
        same = self._index[ahead] == self._here
        return self._region.numbers[same], ahead[same]

    def _runs_along(self, offset: int, longest: int) -> Listed:
        torch = self._torch
        one, other = self._equal(offset)
        follows = torch.zeros(len(self._here), dtype=torch.bool, device=one.device)
        follows[other] = True
        further = self._region.numbers.clone()
        further[one] = other
        steps = torch.zeros_like(further)
        steps[one] = 1
        for _ in range(math.ceil(math.log2(max(longest, 2)))):  # each time twice as far
            steps = steps + steps[further]
            further = further[further]
        starts = one[~follows[one]]
        return self._listed(self._here[starts], steps[starts] + 1, longest + 1)

    def _listed(self, rows: torch.Tensor, values: torch.Tensor, width: int) -> Listed:
        """List the different pairs (row, value), ascending, and how often each occurs."""
        torch = self._torch
        codes = rows * width + values
        if self._count * width <= _TABLE_LIMIT:
            table = torch.bincount(codes, minlength=self._count * width)
            codes = torch.nonzero(table)[:, 0]
            counts = table[codes]
        else:
            codes, counts = torch.unique(codes, return_counts=True)
        first, second = np.divmod(_numpy(codes), width)
        return first.astype(np.int32), second.astype(np.int32), _numpy(counts).astype(np.float64)


def _numpy(tensor: torch.Tensor) -> Integers:
    return np.asarray(tensor.cpu().numpy())
