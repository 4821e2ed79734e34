"""The causal patch and its decoy: where they lie and what they look like.

Both are a compact part of the tumour or of its 10 mm shell, placed at random and never overlapping. Both have
the same law of size, mean shift, standard deviation and visibility per phase, and even the same spectrum: the
decoy's texture is drawn as the causal one is and then turned upside down. The causal patch holds bright foci
on a darker ground, the decoy dark foci on a brighter ground. So local variance, mean intensity, gradient
strength, size, place and distance to an edge cannot tell them apart, while texture features can.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from RadFusionLib.simulation.anatomy import Anatomy
from RadFusionLib.simulation.fields import bandpass_field, foci_field
from RadFusionLib.simulation.latents import Latents
from RadFusionLib.simulation.streams import stream

__all__ = ["PatchPair", "amplitude", "place_patches", "shell_of"]

SHELL_MM = 10.0
"""Width of the shell around the tumour, mm."""
WAVELENGTH_MM = 6.5
"""Typical distance between neighbouring foci in plane, mm."""
ACROSS_MM = 1.9
"""Smoothing of the foci across the slices, mm: they are a little taller than wide, and survive thick slices."""
SKEWNESS = 1.6
"""Third standardised moment of the causal texture; the decoy has the opposite."""
AMPLITUDES = (8.0, 26.0)
"""Least and greatest standard deviation of a patch, texture units."""
AMPLITUDE_POWER = 2.5
"""The power of the amplitude that is linear in the probit of the burden."""
MEAN_SHIFT = 5.0
"""Standard deviation of a patch's mean shift, texture units."""
FRACTIONS = {"tumor": (0.28, 0.36), "shell": (0.24, 0.30)}
"""Part of its region that a patch takes, least and greatest."""


@dataclass(frozen=True)
class PatchPair:
    """The two patches of a case on the patient grid.

    Parameters
    ----------
    regions : dict of str to str
        ``causal`` and ``decoy`` to ``tumor`` or ``shell``.
    inside : dict of str to numpy.ndarray
        ``bool``, shape (K, J, I) of ``part``.
    texture : dict of str to numpy.ndarray
        What each adds to the tissue, texture units, ``float32``, same shape.
    part : tuple of slice
        Where these arrays lie in the patient grid, (K, J, I).
    record : dict of str to float
        Amplitude, mean shift and size of each, for ``truth.json``.
    """

    regions: dict[str, str]
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
        Where patches may lie; each patch falls into any of them with equal chance.
    """
    rng = stream(latents.seed, latents.index, "patches")
    part = _around_lesion(anatomy, 0.75 * latents.diameter + SHELL_MM + 4.0)
    points = anatomy.points(part)
    tumor = anatomy.lesion.depth(points) > 0
    spacing = (anatomy.spacing,) * 3
    allowed = {"tumor": tumor, "shell": shell_of(tumor, anatomy.weights["liver"][part] > 0.5, spacing)}
    where = [regions[int(rng.integers(len(regions)))] for _ in range(2)]
    masks = [allowed[name] for name in where]
    fractions = [float(rng.uniform(*FRACTIONS[name])) for name in where]
    seeds = _two_seeds(rng, points, masks, 0.5 * latents.diameter)
    inside = _grow(points, masks, seeds, fractions)
    names = ("causal", "decoy")
    texture, record = {}, {}
    for name, mask, sign, burden in zip(
        names, inside, (1.0, -1.0), (latents.burden, latents.decoy_burden), strict=True
    ):
        field = bandpass_field(rng, tumor.shape, WAVELENGTH_MM, ACROSS_MM, anatomy.spacing)
        foci = np.float32(sign) * foci_field(field, mask, SKEWNESS)
        shift = float(rng.normal(0.0, MEAN_SHIFT))
        window = ndimage.gaussian_filter(mask.astype(np.float32), 0.8 / anatomy.spacing)
        texture[name] = np.asarray(window * (np.float32(amplitude(burden)) * foci + np.float32(shift)))
        record[f"{name}_amplitude"] = amplitude(burden)
        record[f"{name}_shift"] = shift
        record[f"{name}_volume_mm3"] = float(mask.sum()) * anatomy.spacing**3
    return PatchPair(
        regions=dict(zip(names, where, strict=True)),
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
    rng: np.random.Generator, points: np.ndarray, masks: list[np.ndarray], radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Two places, one in each mask, drawn alike and kept apart by rejection; shape (3,) each, LPS mm."""
    # Close to the lesion's equator, so that methods that read its largest slice can see both.
    near = np.abs(points[2]) < 0.45 * radius
    candidates = [np.flatnonzero(mask & near) for mask in masks]
    flat = points.reshape(3, -1)
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for _ in range(60):
        a, b = (flat[:, int(rng.choice(where))].astype(float) for where in candidates)
        apart = float(np.linalg.norm(a - b))
        if apart > 1.15 * radius:
            return a, b
        if best is None or apart > best[0]:
            best = (apart, a, b)
    assert best is not None
    return best[1], best[2]


def _grow(
    points: np.ndarray, masks: list[np.ndarray], seeds: tuple[np.ndarray, np.ndarray], fractions: list[float]
) -> list[np.ndarray]:
    """Each patch is the part of its region nearest to its seed, and nearer to it than to the other's."""
    distances = [np.sum((points - seed.reshape(3, 1, 1, 1).astype(np.float32)) ** 2, axis=0) for seed in seeds]
    patches = []
    for i, (mask, fraction) in enumerate(zip(masks, fractions, strict=True)):
        own = mask & (distances[i] < distances[1 - i]) if masks[0] is masks[1] else mask
        wanted = min(int(round(fraction * mask.sum())), int(own.sum()))
        reach = np.partition(distances[i][own], wanted - 1)[wanted - 1]
        patches.append(np.asarray(own & (distances[i] <= reach)))
    return patches
