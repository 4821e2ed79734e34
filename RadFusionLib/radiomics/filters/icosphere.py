"""The 42 directions in which 3D binary patterns look, and the spherical harmonics there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.region import FloatArray

__all__ = ["HARMONICS", "VERTICES"]


def _icosphere() -> FloatArray:
    """Give the 42 vertices of an icosahedron divided once, in the reference's order (its sums depend on it)."""
    a, b = 0.5257311121191336, 0.85065080835204  # 1 and the golden ratio, over their hypotenuse
    c, d, h = 0.3090169943749474, 0.8090169943749473, 0.5
    vertices: list[tuple[float, float, float]] = [(-a, b, 0), (a, b, 0), (-a, -b, 0), (a, -b, 0)]
    vertices += [(0, -a, b), (0, a, b), (0, -a, -b), (0, a, -b)]
    vertices += [(b, 0, -a), (b, 0, a), (-b, 0, -a), (-b, 0, a), (0, 1, 0), (0, -1, 0)]
    vertices += [(-c, -d, h), (c, -d, h), (-c, d, h), (c, d, h), (0, 0, 1)]
    vertices += [(-c, -d, -h), (c, -d, -h), (-c, d, -h), (c, d, -h), (0, 0, -1)]
    # The others carry the rounding of another division.
    c, d, h = 0.30901699437494745, 0.8090169943749475, 0.5000000000000001
    for s in (1, -1):
        vertices += [(s * d, h, -c), (s * d, -h, -c), (s * h, -c, -d), (s * h, c, -d)]
        vertices += [(s * d, h, c), (s * d, -h, c), (s * h, -c, d), (s * h, c, d), (s, 0, 0)]
    return np.array(vertices, dtype=np.float64)


VERTICES = _icosphere()
"""Unit vectors along K, J, I, shape (42, 3)."""


def _harmonics(vertices: FloatArray) -> npt.NDArray[np.complex128]:
    """Give the spherical harmonics of degree 0 and 1 at the vertices, shape (42, 4).

    The reference hands the polar angle where SciPy expects the azimuth and the azimuth where it expects the polar
    angle; the sine of that angle is taken as not negative. The order of the factors gives SciPy's rounding.
    """
    polar = np.arccos(vertices[:, 2])
    azimuth = np.arctan2(vertices[:, 1], vertices[:, 0])
    wave = np.exp(1j * polar)
    constant = np.sqrt(1 / (4 * np.pi))
    side = np.abs(np.sin(azimuth)) * np.sqrt(3 / (8 * np.pi))
    return np.stack(
        [
            np.full(len(vertices), constant, dtype=np.complex128),
            side * np.conj(wave),
            (np.sqrt(3) * np.cos(azimuth) * constant).astype(np.complex128),
            -side * wave,
        ],
        axis=1,
    )


HARMONICS = _harmonics(VERTICES)
"""Columns: degree 0, and degree 1 of order -1, 0 and 1; shape (42, 4)."""
