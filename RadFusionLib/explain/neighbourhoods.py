"""Balls that tile a region, one after another hidden from the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.explain.heatmap import SENTINEL

__all__ = ["Neighbourhoods"]


@dataclass(frozen=True)
class Neighbourhoods:
    """Overlapping balls whose centres lie on a lattice over a region.

    Parameters
    ----------
    region : Volume
        ``bool``, shape (K, J, I): every voxel that the map must cover.
    diameter, stride : float
        Of the balls and of the lattice of their centres, mm.
    """

    region: Volume
    diameter: float
    stride: float

    def centres(self) -> np.ndarray:
        """Centres of the balls that hold a voxel of the region, shape (N, 3), LPS mm."""
        positions = self._positions()
        low, high = positions.min(axis=0), positions.max(axis=0)
        counts = np.maximum(1, np.ceil((high - low) / self.stride).astype(int) + 1)
        middle = (low + high) / 2
        axes = [middle[a] + (np.arange(counts[a]) - (counts[a] - 1) / 2) * self.stride for a in range(3)]
        lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        kept = [c for c in lattice if (((positions - c) ** 2).sum(axis=1) <= self._squared).any()]
        spacing = np.asarray(self.region.geometry.spacing)
        return self.region.geometry.index_to_physical(np.asarray(kept) / spacing)

    def paint(self, centres: np.ndarray, influence: np.ndarray) -> Volume:
        """Give each voxel of the region the mean influence of the balls that cover it.

        Parameters
        ----------
        centres : numpy.ndarray, shape (N, 3)
            As :meth:`centres` gave them.
        influence : numpy.ndarray, shape (N,)
            What hiding each ball changed.

        Returns
        -------
        Volume
            ``float32``, the region's grid, :data:`~RadFusionLib.explain.heatmap.SENTINEL` outside.
        """
        total = np.zeros(len(self._index()))
        count = np.zeros(len(total))
        nearest = np.full(len(total), np.inf)
        fallback = np.zeros(len(total))
        for squared, value in zip(self._squared_distances(centres), influence, strict=True):
            covered = squared <= self._squared
            total[covered] += value
            count[covered] += 1
            closer = squared < nearest
            nearest[closer], fallback[closer] = squared[closer], value
        array = np.full(self.region.array.shape, SENTINEL, dtype=np.float32)
        # A voxel between balls that do not overlap takes the value of the nearest.
        array[self.region.array] = np.where(count > 0, total / np.maximum(count, 1), fallback)
        return self.region.with_array(array)

    @property
    def _squared(self) -> float:
        return (self.diameter / 2) ** 2

    def _index(self) -> np.ndarray:
        return np.argwhere(self.region.array)[:, ::-1]

    def _positions(self) -> np.ndarray:
        """Voxels of the region in mm along the grid's own axes, shape (n, 3), order (I, J, K)."""
        return self._index() * np.asarray(self.region.geometry.spacing)

    def _squared_distances(self, centres: np.ndarray) -> Iterator[np.ndarray]:
        positions = self._positions()
        own = self.region.geometry.physical_to_index(centres) * np.asarray(self.region.geometry.spacing)
        for centre in own:
            yield ((positions - centre) ** 2).sum(axis=1)
