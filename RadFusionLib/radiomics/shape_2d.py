"""Shape of a flat region: area and perimeter of the mesh of lines around it, diameter, principal axes."""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from RadFusionLib.radiomics.region import FloatArray, MaskArray

__all__ = ["shape_2d_features"]


def shape_2d_features(
    mask: MaskArray, spacing: tuple[float, float, float], dimension: int, wanted: list[str]
) -> tuple[dict[str, float], dict[str, str]]:
    """Compute the nine shape features of a region in one plane.

    The mesh joins the points halfway between a pixel of the region and a neighbour outside it, by marching squares;
    pixels that touch at a corner only are not joined.

    Parameters
    ----------
    mask : (K, J, I) bool array
        The region, not empty.
    spacing : tuple of 3 floats
        Millimetres ``(x, y, z)``.
    dimension : {0, 1, 2}
        Array axis across the plane.
    wanted : list of str
        Names of the features.

    Returns
    -------
    values : dict of str to float
        Lengths in mm, areas in mm2.
    reasons : dict of str to str
        Why there is none: the region reaches over several planes.
    """
    planes = np.flatnonzero(mask.any(axis=tuple(axis for axis in range(3) if axis != dimension)))
    if len(planes) > 1:
        reason = f"the region extends over {len(planes)} planes, and 2D shape needs exactly one"
        return {}, dict.fromkeys(wanted, reason)
    plane = np.take(mask, int(planes[0]), axis=dimension)
    steps = np.array([length for axis, length in enumerate(spacing[::-1]) if axis != dimension])
    surface, perimeter = _surface_and_perimeter(plane, steps)
    pixels = np.argwhere(plane) * steps
    centred = (pixels - pixels.mean(axis=0)) / np.sqrt(len(pixels))
    # A line has an eigenvalue of 0 that rounding may take below.
    minor, major = np.maximum(np.linalg.eigvalsh(centred.T @ centred), 0)
    reasons = {} if major > 0 else {"Elongation": "the region is a single pixel and has no axes"}
    return {
        "Elongation": float(np.sqrt(minor / major)) if major > 0 else np.nan,
        "MajorAxisLength": float(4 * np.sqrt(major)),
        "MaximumDiameter": _diameter(plane, steps),
        "MeshSurface": surface,
        "MinorAxisLength": float(4 * np.sqrt(minor)),
        "Perimeter": perimeter,
        "PerimeterSurfaceRatio": perimeter / surface,
        "PixelSurface": float(len(pixels) * np.prod(steps)),
        "Sphericity": float(2 * np.sqrt(np.pi * surface) / perimeter),
    }, reasons


def _surface_and_perimeter(plane: MaskArray, steps: FloatArray) -> tuple[float, float]:
    """Sum what each square of four pixel centres adds, by the number of its corners in the region."""
    p = np.pad(plane, 1).astype(np.int64)
    a, b, c, d = p[:-1, :-1], p[:-1, 1:], p[1:, 1:], p[1:, :-1]
    corners = a + b + c + d
    one, three, four = (int(np.sum(corners == n)) for n in (1, 3, 4))
    diagonal = int(np.sum((corners == 2) & (a == c)))
    rows = int(np.sum((corners == 2) & (a == b)))  # the line runs along a row
    columns = int(np.sum((corners == 2) & (a == d)))
    surface = (one / 8 + diagonal / 4 + (rows + columns) / 2 + three * 7 / 8 + four) * np.prod(steps)
    slanted = (one + three + 2 * diagonal) * np.hypot(steps[0], steps[1]) / 2
    return float(surface), float(slanted + rows * steps[1] + columns * steps[0])


def _diameter(plane: MaskArray, steps: FloatArray) -> float:
    padded = np.pad(plane, 1)
    between_rows = np.argwhere(padded[1:] != padded[:-1]) + np.array([0.5, 0])
    between_columns = np.argwhere(padded[:, 1:] != padded[:, :-1]) + np.array([0, 0.5])
    points = np.concatenate([between_rows, between_columns]) * steps
    return float(pdist(points[ConvexHull(points).vertices]).max())
