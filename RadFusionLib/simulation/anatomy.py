"""A simulated upper abdomen: body, liver, vessels and one lesion, on an isotropic patient grid.

Everything is a soft-edged weight in [0, 1] per tissue, so that any phase is a weighted sum and partial volume
comes by itself. World coordinates are LPS mm with the centre of the lesion at (0, 0, 0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from RadFusionLib.simulation.fields import smooth_field
from RadFusionLib.simulation.latents import Latents
from RadFusionLib.simulation.profiles import Profile
from RadFusionLib.simulation.streams import stream

__all__ = ["Anatomy", "LesionShape", "build_anatomy"]


BODY = (172.0, 122.0)
"""Semi-axes of the body along L and P, mm."""
AIR_SHARE = 0.20
"""Part of the field of view that lies outside the body."""


@dataclass(frozen=True)
class LesionShape:
    """A smooth, star-shaped body: the radius depends on the direction from its centre.

    Parameters
    ----------
    radius : float
        Of the ball it is made from, mm.
    center : numpy.ndarray
        Shape (3,), LPS mm.
    axes : numpy.ndarray
        Shape (N, 3), directions of its bulges and dents.
    heights : numpy.ndarray
        Shape (N,), their relative heights; 0.1 is a tenth of the radius.
    frequency : float
        How narrow the bulges are.
    """

    radius: float
    center: np.ndarray
    axes: np.ndarray
    heights: np.ndarray
    frequency: float = 2.0

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Signed distance along the ray from the centre: positive inside, mm.

        Parameters
        ----------
        points : numpy.ndarray
            Shape (3, ...), LPS mm.
        """
        offset = points - self.center.reshape((3,) + (1,) * (points.ndim - 1)).astype(points.dtype)
        distance = np.sqrt(np.sum(offset**2, axis=0)) + 1e-6
        swelling = np.zeros_like(distance)
        for axis, height in zip(self.axes, self.heights, strict=True):
            cosine = np.tensordot(axis.astype(points.dtype), offset, axes=1) / distance
            swelling += height * np.sin(self.frequency * cosine + 3.0 * height)
        return np.asarray(self.radius * (1.0 + swelling) - distance)


@dataclass(frozen=True)
class Anatomy:
    """One patient.

    Parameters
    ----------
    origin : numpy.ndarray
        Shape (3,), centre of voxel (0, 0, 0), LPS mm; the axes are L, P and S.
    spacing : float
        Voxel size, mm.
    inward : numpy.ndarray
        Shape (3,), where the field of view is centred, from the lesion toward (or away from) the body's middle, mm.
    weights : dict of str to numpy.ndarray
        Per tissue, ``float32`` in [0, 1], shape (K, J, I); applied in this order, each over those before it.
    lesion : LesionShape
        The true lesion.
    parenchyma, interior : numpy.ndarray
        Texture of the liver and of the lesion in texture units, ``float32``, shape (K, J, I).
    """

    origin: np.ndarray
    spacing: float
    inward: np.ndarray
    weights: dict[str, np.ndarray]
    lesion: LesionShape
    parenchyma: np.ndarray
    interior: np.ndarray

    def points(self, part: tuple[slice, slice, slice] = (slice(None), slice(None), slice(None))) -> np.ndarray:
        """World coordinates of (a part of) the grid, LPS mm, ``float32``, shape (3, K, J, I)."""
        shape = self.parenchyma.shape
        z, y, x = (
            (self.origin[2 - d] + self.spacing * np.arange(shape[d])[part[d]]).astype(np.float32) for d in range(3)
        )
        return np.stack(np.broadcast_arrays(x[None, None, :], y[None, :, None], z[:, None, None]))


def build_anatomy(latents: Latents, profile: Profile) -> Anatomy:
    """Build the patient of a case.

    Parameters
    ----------
    latents : Latents
        Gives the tumour's diameter and its margin.
    profile : Profile
        Gives the extent and the spacing of the patient grid.
    """
    rng = stream(latents.seed, latents.index, "anatomy")
    spacing = profile.patient_spacing
    # A little wider than the field of view, because one centre images obliquely.
    extent = np.array([1.12 * profile.width, 1.12 * profile.width, latents.diameter + profile.height + 18.0])
    size = np.ceil(extent / spacing).astype(int)
    liver_center, liver_axes = _place_liver(rng, 0.5 * latents.diameter)
    body_center = liver_center + np.array([62.0, 6.0, 0.0])
    inward = _field_of_view(body_center, profile.width, 0.5 * latents.diameter + 15.0)
    origin = inward - 0.5 * spacing * (size - 1)
    shape = (int(size[2]), int(size[1]), int(size[0]))
    empty = np.zeros(shape, np.float32)
    lesion = _lesion(rng, latents)
    anatomy = Anatomy(origin, spacing, inward, {}, lesion, empty, empty)
    points = anatomy.points()

    weights: dict[str, np.ndarray] = {}
    body = _ellipse(points, body_center, BODY)
    weights["fat"] = _soft(body, 1.0)
    weights["soft"] = _soft(body - 14.0, 1.0)
    spine = _ellipse(points, body_center + np.array([0.0, 68.0, 0.0]), (19.0, 17.0))
    weights["fat:spine"] = 0.6 * _soft(spine, 1.2)
    warp = sum(
        rng.normal(0.0, 2.2) * np.sin((points[a] + rng.uniform(0, 200)) * np.float32(2 * np.pi / rng.uniform(70, 130)))
        for a in (0, 1, 2, 0, 1, 2)
    )
    liver = _ellipsoid(points, liver_center, liver_axes) + np.asarray(warp, dtype=np.float32)
    # The lesion never leaves the liver: where it comes close, the liver bulges over it.
    liver = np.maximum(liver, np.minimum(lesion.depth(points) + 2.0, 6.0))
    weights["liver"] = _soft(liver, 0.8)
    aorta = _ellipse(points, body_center + np.array([6.0, 40.0, 0.0]), (11.0, 11.0))
    weights["aorta"] = _soft(aorta, 0.7)
    clear = 0.5 * latents.diameter + 11.0
    for name, hilum in (("portal", (35.0, -5.0, -15.0)), ("hepatic", (28.0, 22.0, 40.0))):
        weights[name] = _vessels(rng, anatomy, liver_center + np.array(hilum), liver_axes, clear) * weights["liver"]
    depth = lesion.depth(points)
    weights["lesion"] = _soft(depth, 1.2)
    weights["rim"] = rng.uniform(0.3, 0.9) * np.exp(-0.5 * ((depth - 1.0) / 1.4) ** 2) * _soft(depth, 1.2)
    core = depth - latents.diameter * rng.uniform(0.40, 0.55) + 2.0 * smooth_field(rng, shape, 4.0, spacing)
    weights["core"] = rng.uniform(0.0, 0.8) * _soft(core, 1.5) * weights["lesion"]

    texture = stream(latents.seed, latents.index, "texture")
    parenchyma = 4.0 * smooth_field(texture, shape, 3.5, spacing) + 2.0 * smooth_field(texture, shape, 1.5, spacing)
    interior = 6.0 * smooth_field(texture, shape, 4.5, spacing) + 2.0 * smooth_field(texture, shape, 2.0, spacing)
    parenchyma *= np.float32(texture.uniform(0.9, 1.1))
    interior *= np.float32(texture.uniform(0.9, 1.1))
    return Anatomy(origin, spacing, inward, weights, lesion, parenchyma, interior)


def _soft(depth: np.ndarray, width: float) -> np.ndarray:
    """Weight that rises from 0 to 1 over about four ``width`` around depth 0."""
    return np.asarray(0.5 * (1.0 + np.tanh(depth * np.float32(0.5 / width))), dtype=np.float32)


def _ellipse(points: np.ndarray, center: np.ndarray, axes: tuple[float, float]) -> np.ndarray:
    """Approximate depth inside a cylinder along S, mm."""
    scaled = sum(((points[a] - np.float32(center[a])) / np.float32(axes[a])) ** 2 for a in (0, 1))
    return np.asarray((1.0 - np.sqrt(scaled)) * np.float32(min(axes)))


def _ellipsoid(points: np.ndarray, center: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Approximate depth inside an ellipsoid, mm."""
    scaled = sum(((points[a] - np.float32(center[a])) / np.float32(axes[a])) ** 2 for a in range(3))
    return np.asarray((1.0 - np.sqrt(scaled)) * np.float32(axes.min()))


def _field_of_view(body_center: np.ndarray, width: float, reach: float) -> np.ndarray:
    """Centre of a field of view that always shows about the same share of air.

    Whole images are often scaled by their own standard deviation, which air beside the body dominates; crops of
    one protocol hold a similar share of it.

    Parameters
    ----------
    body_center : numpy.ndarray
        Shape (3,), LPS mm.
    width : float
        Of the field of view, mm.
    reach : float
        What must stay visible around the lesion, mm.
    """
    along = body_center[:2] / np.linalg.norm(body_center[:2])
    steps = np.linspace(-0.5, 0.5, 67)
    x, y = np.meshgrid(steps * width, steps * 0.92 * width)
    low, high = -(0.46 * width - reach), 0.46 * width - reach
    for _ in range(12):
        shift = 0.5 * (low + high)
        plane = np.stack([x + shift * along[0], y + shift * along[1]])
        air = float(np.mean(_ellipse(plane, body_center, BODY) < 0))
        low, high = (shift, high) if air > AIR_SHARE else (low, shift)
    return np.array([along[0], along[1], 0.0]) * 0.5 * (low + high)


def _lesion(rng: np.random.Generator, latents: Latents) -> LesionShape:
    axes = rng.standard_normal((6, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    heights = rng.normal(0.0, 0.075 if latents.margin else 0.04, 6)
    return LesionShape(0.5 * latents.diameter, np.zeros(3), axes, heights, 3.5 if latents.margin else 2.0)


def _place_liver(rng: np.random.Generator, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Centre and semi-axes of the liver (mm), such that the lesion at the origin lies within it.

    Some lesions lie so near the surface that their shell is cut off by it.
    """
    axes = np.array([88.0, 76.0, 74.0]) * rng.uniform(0.94, 1.06, 3)
    direction = rng.standard_normal(3) * np.array([1.0, 1.0, 0.35])
    # Lesions sit in the right and posterior part more often than at the left edge.
    direction[0] = -abs(direction[0])
    direction /= np.linalg.norm(direction)
    depth = radius + rng.uniform(4.0, 20.0)
    reach = max(1.0 - depth / axes.min(), 0.05)
    return -direction * axes * reach, axes


def _vessels(
    rng: np.random.Generator, anatomy: Anatomy, hilum: np.ndarray, liver_axes: np.ndarray, clear: float
) -> np.ndarray:
    """Weight of a tree of eight or nine curved, tapering tubes from the hilum outward.

    The lesion pushes the tubes aside: none comes nearer to its centre than ``clear`` mm, as large vessels do
    around an expanding mass.
    """
    weight = np.zeros(anatomy.parenchyma.shape, np.float32)
    for _ in range(int(rng.integers(8, 10))):
        heading = rng.standard_normal(3) * np.array([1.0, 0.8, 0.6]) + np.array([-0.9, 0.0, 0.0])
        heading /= np.linalg.norm(heading)
        place, radius = hilum + rng.normal(0.0, 4.0, 3), rng.uniform(2.6, 4.2)
        length = int(rng.uniform(0.6, 1.1) * liver_axes.mean() / 1.5)
        for step in range(length):
            heading = heading + rng.normal(0.0, 0.07, 3)
            heading /= np.linalg.norm(heading)
            place = place + 1.5 * heading
            far = float(np.linalg.norm(place)) + 1e-6
            pushed = place / far * np.sqrt(far**2 + (clear + radius) ** 2)
            _stamp(weight, (pushed - anatomy.origin) / anatomy.spacing, radius / anatomy.spacing)
            radius *= 0.988 if step % 2 else 1.0
    return weight


def _stamp(weight: np.ndarray, index: np.ndarray, radius: float) -> None:
    """Paint a soft ball of ``radius`` voxels at a continuous index (I, J, K), keeping the larger weight."""
    reach = radius + 2.0
    low = np.floor(index - reach).astype(int)
    high = np.ceil(index + reach).astype(int) + 1
    size = weight.shape[::-1]
    low, high = np.maximum(low, 0), np.minimum(high, size)
    if np.any(low >= high):
        return
    x, y, z = (np.arange(low[a], high[a], dtype=np.float32) - np.float32(index[a]) for a in range(3))
    distance = np.sqrt(x[None, None, :] ** 2 + y[None, :, None] ** 2 + z[:, None, None] ** 2)
    part = weight[low[2] : high[2], low[1] : high[1], low[0] : high[0]]
    np.maximum(part, 1.0 / (1.0 + np.exp((distance - np.float32(radius)) / np.float32(0.35))), out=part)
