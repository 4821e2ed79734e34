"""The physical geometry of a voxel grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Geometry"]

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Geometry:
    """Where a voxel grid lies in the patient.

    Parameters
    ----------
    size : tuple of int
        Number of voxels along (I, J, K).
    spacing : tuple of float
        Voxel size in mm along (I, J, K).
    origin : tuple of float
        Centre of voxel (0, 0, 0), LPS, mm.
    direction : tuple of tuple of float
        3 x 3; column *a* is the unit vector (LPS) along which index *a* grows.
    """

    size: tuple[int, int, int]
    spacing: Triple = (1.0, 1.0, 1.0)
    origin: Triple = (0.0, 0.0, 0.0)
    direction: tuple[Triple, Triple, Triple] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape (K, J, I)."""
        return self.size[2], self.size[1], self.size[0]

    @property
    def voxel_volume(self) -> float:
        """Volume of one voxel, mm^3."""
        return float(np.prod(self.spacing))

    @property
    def matrix(self) -> np.ndarray:
        """4 x 4 matrix from index (I, J, K, 1) to LPS mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = np.asarray(self.direction) * np.asarray(self.spacing)
        matrix[:3, 3] = self.origin
        return matrix

    def is_orthogonal(self, tolerance: float = 1e-3) -> bool:
        """Whether the three axes are unit vectors at right angles (``tolerance`` on each dot product)."""
        axes = np.asarray(self.direction)
        return bool(np.allclose(axes.T @ axes, np.eye(3), atol=tolerance))

    def same_grid(self, other: Geometry, tolerance: float = 1e-3) -> bool:
        """Whether every voxel of both grids lies at the same place to within ``tolerance`` of a voxel."""
        if self.size != other.size:
            return False
        allowed = tolerance * min(self.spacing)
        return bool(np.abs(self.corners() - other.corners()).max() <= allowed)

    def corners(self) -> np.ndarray:
        """The eight corner voxel centres, shape (8, 3), LPS mm."""
        i, j, k = (max(n - 1, 0) for n in self.size)
        index = np.array([(x, y, z) for x in (0, i) for y in (0, j) for z in (0, k)], dtype=float)
        return self.index_to_physical(index)

    def index_to_physical(self, index: np.ndarray) -> np.ndarray:
        """Map indices, shape (N, 3), order (I, J, K), to LPS mm, shape (N, 3)."""
        return np.asarray(index, dtype=float) @ self.matrix[:3, :3].T + np.asarray(self.origin)

    def physical_to_index(self, points: np.ndarray) -> np.ndarray:
        """Map LPS mm, shape (N, 3), to continuous indices, shape (N, 3), order (I, J, K)."""
        inverse = np.linalg.inv(self.matrix[:3, :3])
        return (np.asarray(points, dtype=float) - np.asarray(self.origin)) @ inverse.T

    def moved(self, rigid: np.ndarray) -> Geometry:
        """The same grid after a rigid 4 x 4 ``rigid`` (LPS mm) has carried it elsewhere, voxels and all."""
        direction = rigid[:3, :3] @ np.asarray(self.direction)
        origin = rigid[:3, :3] @ np.asarray(self.origin) + rigid[:3, 3]
        return Geometry(
            self.size,
            self.spacing,
            tuple(float(v) for v in origin),  # type: ignore[arg-type]
            tuple(tuple(float(v) for v in row) for row in direction),  # type: ignore[arg-type]
        )

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which LPS points, shape (N, 3), lie inside the grid's voxels; ``bool``, shape (N,)."""
        index = self.physical_to_index(points)
        # A thousandth of a voxel: what headers in single precision differ by.
        return np.all((index >= -0.501) & (index <= np.asarray(self.size) - 0.499), axis=1)
