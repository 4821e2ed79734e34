"""From a patient to images: grids, scanners, resolution, bias field and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.case.case import PHASES
from RadFusionLib.simulation.anatomy import Anatomy
from RadFusionLib.simulation.contrast import PHASE_CONTRASTS, PhaseContrast
from RadFusionLib.simulation.latents import CENTERS, Latents
from RadFusionLib.simulation.patches import PatchPair
from RadFusionLib.simulation.profiles import Profile
from RadFusionLib.simulation.streams import stream

__all__ = ["SCANNERS", "Scanner", "acquire", "group_geometry", "sample"]


@dataclass(frozen=True)
class Scanner:
    """What differs between hospitals.

    Parameters
    ----------
    name : str
        As the manifest's ``scanner``.
    gain : float
        Factor on MR intensities.
    noise : float
        Factor on the noise.
    blur : float
        In-plane resolution beyond the voxel's own, mm (standard deviation).
    tilt : float
        Obliquity of the slices about the L axis, degrees.
    """

    name: str
    gain: float
    noise: float
    blur: float
    tilt: float


SCANNERS: dict[str, Scanner] = {
    "A": Scanner("SIM-Alpha", 1.00, 1.00, 0.45, 0.0),
    "B": Scanner("SIM-Beta", 1.05, 0.90, 0.42, 0.0),
    "C": Scanner("SIM-Gamma", 0.96, 1.10, 0.45, 6.0),
}
"""The simulated scanner of each centre."""

# Voxel size in plane and between slices of a group, as factors on the profile's, and its field of view's shift.
_GROUPS = {"dynamic": (1.0, 1.0, 0.0), "t2": (1.1, 1.1, 2.0), "diffusion": (1.2, 1.15, -2.0), "ct": (0.95, 1.0, 0.0)}
CT_SHIFT = np.array([14.0, -23.0, 310.0])
"""CT is taken another day on another table: its frame is shifted against MRI's by about this, LPS mm."""


def group_geometry(latents: Latents, profile: Profile, group: str, inward: np.ndarray) -> tuple[Geometry, np.ndarray]:
    """Return the grid of a group of phases, and what maps its world to the patient's.

    Parameters
    ----------
    latents, profile
        Whose images, how fine.
    group : str
        See `PhaseContrast`.
    inward : numpy.ndarray
        `Anatomy.inward`.

    Returns
    -------
    geometry : Geometry
        In the scanner's own world, LPS mm.
    shift : numpy.ndarray
        Shape (3,): patient point = scanner point - shift. Zero for MR.
    """
    rng = stream(latents.seed, latents.index, "acquisition", len(PHASES) + list(_GROUPS).index(group))
    plane, across, offset = _GROUPS[group]
    # Rounded as real headers are, so that two cases of a centre share their spacing.
    in_plane = round(profile.in_plane[latents.center] * plane, 2)
    slices = round(profile.slice_thickness[latents.center] * across, 2)
    columns = round(profile.width / in_plane)
    rows = round(columns * 0.92)
    count = int(np.ceil((latents.diameter + profile.height) / slices))
    angle = np.deg2rad(SCANNERS[CENTERS[latents.center]].tilt)
    direction = ((1.0, 0.0, 0.0), (0.0, float(np.cos(angle)), float(-np.sin(angle))),
                 (0.0, float(np.sin(angle)), float(np.cos(angle))))  # fmt: skip
    size = np.array([columns, rows, count])
    spacing = np.array([in_plane, in_plane, slices])
    middle = rng.uniform(-2.0, 2.0, 3) + offset + inward
    shift = CT_SHIFT + rng.normal(0.0, 6.0, 3) if group == "ct" else np.zeros(3)
    origin = middle + shift - np.asarray(direction) @ (0.5 * spacing * (size - 1))
    geometry = Geometry(
        (columns, rows, count),
        (in_plane, in_plane, slices),
        (float(origin[0]), float(origin[1]), float(origin[2])),
        direction,
    )
    return geometry, shift


def sample(array: np.ndarray, anatomy: Anatomy, geometry: Geometry, shift: np.ndarray) -> np.ndarray:
    """Interpolate an array of the patient grid linearly at the voxels of a scanner grid.

    Parameters
    ----------
    array : numpy.ndarray
        Shape (K, J, I) of the patient grid.
    anatomy : Anatomy
        Whose grid.
    geometry, shift
        As `group_geometry` returns them.

    Returns
    -------
    numpy.ndarray
        ``float32``, shape ``geometry.shape``.
    """
    forward = geometry.matrix[:3, :3] / anatomy.spacing
    offset = (np.asarray(geometry.origin) - shift - anatomy.origin) / anatomy.spacing
    # affine_transform counts axes as the arrays do: K, J, I.
    return np.asarray(
        ndimage.affine_transform(
            array.astype(np.float32, copy=False),
            forward[::-1, ::-1],
            offset=offset[::-1],
            output_shape=geometry.shape,
            order=1,
            mode="nearest",
        )
    )


def acquire(
    latents: Latents, anatomy: Anatomy, patches: PatchPair, phase: str, geometry: Geometry, shift: np.ndarray
) -> Volume:
    """Take one phase of a patient.

    Returns
    -------
    Volume
        ``int16``, in the phase's unit.
    """
    contrast = PHASE_CONTRASTS[phase]
    scanner = SCANNERS[CENTERS[latents.center]]
    rng = stream(latents.seed, latents.index, "acquisition", PHASES.index(phase))
    image = _tissue(rng, anatomy, patches, contrast)
    # The slice profile, then the in-plane point spread; both in mm on the isotropic patient grid.
    along = 0.30 * geometry.spacing[2] / anatomy.spacing
    plane = np.hypot(scanner.blur, 0.25 * geometry.spacing[0]) / anatomy.spacing
    image = sample(ndimage.gaussian_filter(image, (along, plane, plane)), anatomy, geometry, shift)
    sigma = contrast.noise * scanner.noise
    if contrast.group == "ct":
        image = image + sigma * rng.standard_normal(image.shape, dtype=np.float32)
    else:
        # ADC is a ratio of two images: neither the coil's profile nor the gain shows in it.
        if phase != "ADC":
            image = image * scanner.gain * _bias(rng, geometry.shape)
        real, imaginary = (sigma * rng.standard_normal(image.shape, dtype=np.float32) for _ in range(2))
        image = np.hypot(image + real, imaginary)
    return Volume(np.clip(np.rint(image), -1024, 32767).astype(np.int16), geometry)


def _tissue(rng: np.random.Generator, anatomy: Anatomy, patches: PatchPair, contrast: PhaseContrast) -> np.ndarray:
    """The noise-free phase on the patient grid."""
    means = dict(contrast.tissues)
    liver = means["liver"]
    # Patients enhance differently: the lesion's distance from the liver and the vessels' vary by a seventh.
    for name in ("lesion", "portal", "hepatic", "aorta"):
        means[name] = liver + (means[name] - liver) * float(rng.normal(1.0, 0.14))
    moved = means["lesion"] - contrast.tissues["lesion"]
    means["rim"] += moved
    means["core"] += moved
    image = np.full(anatomy.parenchyma.shape, means["air"], np.float32)
    for name, weight in anatomy.weights.items():
        image += weight * (np.float32(means[name.split(":")[0]]) - image)
    lesion = anatomy.weights["lesion"]
    unit = np.float32(contrast.unit)
    image += unit * (anatomy.weights["liver"] * (1 - lesion) * anatomy.parenchyma + lesion * anatomy.interior)
    for texture in patches.texture.values():
        # The same law for both, a draw for each: how well a patch shows in this phase.
        visible = contrast.patch * float(rng.normal(1.0, 0.04))
        image[patches.part] += unit * np.float32(visible) * texture
    return image


def _bias(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """A smooth coil profile around 1, within about a tenth."""
    axes = np.meshgrid(*(np.linspace(-1, 1, n, dtype=np.float32) for n in shape), indexing="ij", sparse=True)
    log = np.zeros(shape, np.float32)
    for a in range(3):
        log = log + np.float32(rng.normal(0.0, 0.04)) * axes[a] + np.float32(rng.normal(0.0, 0.04)) * axes[a] ** 2
    return np.exp(log - log.mean())
