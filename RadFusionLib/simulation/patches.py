"""The causal patch and its decoy: where they lie and what they look like.

Both are a compact piece of tissue at a random place of the tumour's border: one part of it lies in the tumour,
the other in the 10 mm shell, in random shares. They never overlap. Both have the same law of place, size, mean
shift, standard deviation and visibility per phase, and a woven texture of the same wavelength: striae in two
directions at right angles. The causal weave stands at 45 degrees to the image's axes, the decoy's along them;
one is the other turned. So local variance (in any round window), mean intensity, gradient strength, size, region
and distance to an edge cannot tell them apart, while directional texture features can. Turning by 90 degrees and
flipping, which networks are trained with, leave the difference as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from RadFusionLib.simulation.anatomy import Anatomy
from RadFusionLib.simulation.fields import woven_field
from RadFusionLib.simulation.latents import Latents
from RadFusionLib.simulation.streams import stream

__all__ = ["PatchPair", "amplitude", "place_patches", "shell_of"]

SHELL_MM = 10.0
"""Width of the shell around the tumour, mm."""
WAVELENGTH_MM = 5.5
"""Distance between neighbouring striae in plane, mm."""
ACROSS_MM = 2.5
"""Smoothing of the striae across the slices, mm, so that they survive thick slices."""
ANGLES = {"causal": 45.0, "decoy": 0.0}
"""Direction of the waves against the I axis, degrees: the one thing in which the two patches differ."""
AMPLITUDES = (3.0, 34.0)
"""Least and greatest standard deviation of a patch, texture units."""
AMPLITUDE_POWER = 2.0
"""The power of the amplitude that is linear in the probit of the burden."""
MEAN_SHIFT = 5.0
"""Standard deviation of a patch's mean shift, texture units."""
SHARES = (0.36, 0.64)
"""Least and greatest share of a patch that belongs to the tumour; the rest belongs to the shell."""
FRACTIONS = {"tumor": 0.72, "shell": 0.60}
"""What part of a region a patch would take that had its whole share there."""


@dataclass(frozen=True)
class PatchPair:
    """The two patches of a case on the patient grid.

    Parameters
    ----------
    inside : dict of str to numpy.ndarray
        ``bool``, shape (K, J, I) of ``part``.
    texture : dict of str to numpy.ndarray
        What each adds to the tissue, texture units, ``float32``, same shape.
    part : tuple of slice
        Where these arrays lie in the patient grid, (K, J, I).
    record : dict of str to float
        Amplitude, mean shift, volume and share in the tumour of each, for ``truth.json``.
    """

    inside: dict[str, np.ndarray]
    texture: dict[str, np.ndarray]
    part: tuple[slice, slice, slice]
    record: dict[str, float]


def amplitude(burden: float) -> float:
    """Standard deviation of a patch's texture for a burden, texture units.

    A(s)^p = a^p + (b^p - a^p) Phi(s), with p = `AMPLITUDE_POWER`, (a, b) = `AMPLITUDES` and Phi the standard
    normal distribution function: monotone, never absent, never absurd.
    """
    from math import erf, sqrt

    low, high = (a**AMPLITUDE_POWER for a in AMPLITUDES)
    return float((low + (high - low) * 0.5 * (1.0 + erf(burden / sqrt(2.0)))) ** (1.0 / AMPLITUDE_POWER))


def shell_of(tumor: np.ndarray, liver: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """Voxels outside the tumour, within 10 mm of it and inside the liver.

    Parameters
    ----------
    tumor, liver : numpy.ndarray
        ``bool``, shape (K, J, I).
    spacing : tuple of float
        Voxel size along (I, J, K), mm.
    """
    distance = ndimage.distance_transform_edt(~tumor, sampling=spacing[::-1])
    return np.asarray((distance > 0) & (distance <= SHELL_MM) & liver)


def place_patches(latents: Latents, anatomy: Anatomy, regions: tuple[str, ...] = ("tumor", "shell")) -> PatchPair:
    """Place and fill the two patches of a case.

    Parameters
    ----------
    latents : Latents
        The two burdens.
    anatomy : Anatomy
        The patient.
    regions : tuple of str
        Where patches may lie: with one region only, the whole share belongs to it.
    """
    rng = stream(latents.seed, latents.index, "patches")
    part = _around_lesion(anatomy, 0.75 * latents.diameter + SHELL_MM + 4.0)
    points = anatomy.points(part)
    tumor = anatomy.lesion.depth(points) > 0
    spacing = (anatomy.spacing,) * 3
    allowed = {"tumor": tumor, "shell": shell_of(tumor, anatomy.weights["liver"][part] > 0.5, spacing)}
    share = {"tumor": (1.0, 1.0), "shell": (0.0, 0.0)}.get(regions[0], SHARES) if len(regions) == 1 else SHARES
    shares = [float(rng.uniform(*share)) for _ in range(2)]
    seeds = _two_seeds(rng, points, anatomy.lesion.depth(points), 0.5 * latents.diameter)
    inside = _grow(points, allowed, seeds, shares)
    names = ("causal", "decoy")
    texture, record = {}, {}
    burdens = (latents.burden, latents.decoy_burden)
    for name, mask, burden, part_in_tumor in zip(names, inside, burdens, shares, strict=True):
        field = woven_field(rng, tumor.shape, WAVELENGTH_MM, ANGLES[name], ACROSS_MM, anatomy.spacing)
        # Mean 0 and standard deviation 1 in the patch, so that its amplitude is exactly what the burden asks.
        weave = (field - field[mask].mean()) / field[mask].std()
        shift = float(rng.normal(0.0, MEAN_SHIFT))
        window = ndimage.gaussian_filter(mask.astype(np.float32), 0.8 / anatomy.spacing)
        texture[name] = np.asarray(window * (np.float32(amplitude(burden)) * weave + np.float32(shift)))
        record[f"{name}_amplitude"] = amplitude(burden)
        record[f"{name}_shift"] = shift
        record[f"{name}_share_in_tumor"] = part_in_tumor
        record[f"{name}_volume_mm3"] = float(mask.sum()) * anatomy.spacing**3
    return PatchPair(
        inside=dict(zip(names, inside, strict=True)),
        texture=texture,
        part=part,
        record=record,
    )


def _around_lesion(anatomy: Anatomy, reach: float) -> tuple[slice, slice, slice]:
    """The part of the patient grid within ``reach`` mm of the origin along each axis."""
    shape = anatomy.parenchyma.shape
    part = []
    for d in range(3):
        low = int(np.floor((-reach - anatomy.origin[2 - d]) / anatomy.spacing))
        high = int(np.ceil((reach - anatomy.origin[2 - d]) / anatomy.spacing)) + 1
        part.append(slice(max(low, 0), min(high, shape[d])))
    return part[0], part[1], part[2]


def _two_seeds(
    rng: np.random.Generator, points: np.ndarray, depth: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Two places on the tumour's border, drawn alike and kept apart by rejection; shape (3,) each, LPS mm."""
    # Not far from the lesion's equator, so that methods that read its largest slice can see both.
    border = (np.abs(depth) < 2.0) & (np.abs(points[2]) < 0.45 * radius)
    candidates = points.reshape(3, -1)[:, np.flatnonzero(border)].astype(float)
    while True:
        a, b = (candidates[:, int(rng.integers(candidates.shape[1]))] for _ in range(2))
        if np.linalg.norm(a - b) > 1.25 * radius:
            return a, b


def _grow(
    points: np.ndarray, allowed: dict[str, np.ndarray], seeds: tuple[np.ndarray, np.ndarray], shares: list[float]
) -> list[np.ndarray]:
    """Each patch is what lies nearest to its seed in tumour and shell, and nearer to it than to the other's."""
    distances = [np.sum((points - seed.reshape(3, 1, 1, 1).astype(np.float32)) ** 2, axis=0) for seed in seeds]
    patches = []
    for i, share in enumerate(shares):
        patch = np.zeros(points.shape[1:], bool)
        for name, weight in (("tumor", share), ("shell", 1.0 - share)):
            own = allowed[name] & (distances[i] < distances[1 - i])
            wanted = min(round(weight * FRACTIONS[name] * int(allowed[name].sum())), int(own.sum()))
            if wanted:
                reach = np.partition(distances[i][own], wanted - 1)[wanted - 1]
                patch |= own & (distances[i] <= reach)
        patches.append(patch)
    return patches
