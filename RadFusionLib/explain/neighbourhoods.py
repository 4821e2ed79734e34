"""Balls that tile a region, one after another hidden from the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.explain.heatmap import SENTINEL

__all__ = ["Neighbourhoods"]

LEAST_SHARE = 0.1
"""A ball of which less lies in the region hides so little that its influence is mostly rounding."""


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
        """Centres of the balls of which a tenth lies in the region, at least one, shape (N, 3), LPS mm."""
        positions = self._positions()
        low, high = positions.min(axis=0), positions.max(axis=0)
        counts = np.maximum(1, np.ceil((high - low) / self.stride).astype(int) + 1)
        middle = (low + high) / 2
        axes = [middle[a] + (np.arange(counts[a]) - (counts[a] - 1) / 2) * self.stride for a in range(3)]
        lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        held = np.array([int((((positions - c) ** 2).sum(axis=1) <= self._squared).sum()) for c in lattice])
        whole = np.pi / 6 * self.diameter**3 / np.prod(self.region.geometry.spacing)
        kept = lattice[held >= max(1, min(LEAST_SHARE * whole, held.max()))]
        return self.region.geometry.index_to_physical(kept / np.asarray(self.region.geometry.spacing))

    def paint(self, centres: np.ndarray, influence: np.ndarray) -> Volume:
        """Give each voxel of the region the influence of the balls that cover it, for what they hid.

        A ball that reaches beyond the region hides less than another, and its influence is as much smaller. So the
        influences of the balls that cover a voxel are added up and divided by what they hid together, in average
        balls: what is spread evenly over the region gives an even map, up to its edge.

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
        held = np.array([int((squared <= self._squared).sum()) for squared in self._squared_distances(centres)])
        share = held / held.mean()
        total = np.zeros(len(self._index()))
        hidden = np.zeros(len(total))
        nearest = np.full(len(total), np.inf)
        fallback = np.zeros(len(total))
        for squared, value, part in zip(self._squared_distances(centres), influence, share, strict=True):
            covered = squared <= self._squared
            total[covered] += value
            hidden[covered] += part
            closer = squared < nearest
            nearest[closer], fallback[closer] = squared[closer], value / part
        array = np.full(self.region.array.shape, SENTINEL, dtype=np.float32)
        # A voxel between balls takes the value of the nearest.
        array[self.region.array] = np.divide(total, hidden, out=fallback, where=hidden > 0)
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
