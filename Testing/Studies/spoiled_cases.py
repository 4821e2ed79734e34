"""Cases that no longer are what a bundle was trained on, each in one known way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from scipy import signal

from RadFusionLib.case import Case, MaskKey, Volume

__all__ = ["BUILT_FOR", "NEVER_USED", "Spoiler"]

Spoiler = Callable[[Case, np.random.Generator], Case]
TUMOR = MaskKey("tumor")


def swapped_phases(case: Case, generator: np.random.Generator) -> Case:
    """The arterial and the hepatobiliary phase change names."""
    return replace(case, phases={**case.phases, "AP": case.phases["HBP"], "HBP": case.phases["AP"]})


def halved_spacing(case: Case, generator: np.random.Generator) -> Case:
    """Every header says half the voxel size."""
    return _all_volumes(case, lambda v: Volume(v.array, replace(v.geometry, spacing=_times(v.geometry.spacing, 0.5))))


def inverted(case: Case, generator: np.random.Generator) -> Case:
    """Bright is dark in every phase."""
    return _phases(case, lambda v: v.array.max() + v.array.min() - v.array)


def shifted_mask(millimetres: float) -> Spoiler:
    """The tumour's mask lies elsewhere by a distance, in a direction drawn at random."""

    def spoil(case: Case, generator: np.random.Generator) -> Case:
        tumor = case.masks[TUMOR]
        index = np.argwhere(tumor.array)
        spacing = np.array(tumor.geometry.spacing[::-1])
        for _ in range(1000):
            direction = generator.standard_normal(3)
            steps = np.rint(direction / np.linalg.norm(direction) * millimetres / spacing).astype(int)
            moved = index + steps
            inside = (moved >= 0).all() and (moved < np.array(tumor.array.shape)).all()
            if inside and abs(np.linalg.norm(steps * spacing) - millimetres) < spacing.max() / 2:
                return _with_tumor(case, moved)
        raise ValueError(f"case {case.id} has no room for a shift of {millimetres} mm")

    return spoil


def other_phase(case: Case, generator: np.random.Generator) -> Case:
    """The contour was drawn on the other phases: the arterial one was breathed 10 mm along the body."""
    image = case.phases["AP"]
    steps = round(10.0 / image.geometry.spacing[2])
    moved = np.concatenate([np.repeat(image.array[:1], steps, axis=0), image.array[:-steps]])
    return replace(case, phases={**case.phases, "AP": image.with_array(moved)})


def tiny_mask(case: Case, generator: np.random.Generator) -> Case:
    """Only a ball of 8 mm in the middle of the tumour is drawn."""
    tumor = case.masks[TUMOR]
    index = np.argwhere(tumor.array)
    away = (index - index.mean(axis=0)) * np.array(tumor.geometry.spacing[::-1])
    return _with_tumor(case, index[np.linalg.norm(away, axis=1) <= 4.0])


def cut_image(case: Case, generator: np.random.Generator) -> Case:
    """The images end where the tumour does, on one side."""
    last = int(np.argwhere(case.masks[TUMOR].array)[:, 0].max()) + 1

    def cut(volume: Volume) -> Volume:
        geometry = replace(volume.geometry, size=(*volume.geometry.size[:2], last))
        return Volume(volume.array[:last], geometry)

    return _all_volumes(case, cut)


def new_scanner(case: Case, generator: np.random.Generator) -> Case:
    """A scanner of another name."""
    return replace(case, scanner="SIM-Delta")


def noisy(share: float) -> Spoiler:
    """Gaussian noise of a share of each image's standard deviation."""

    def spoil(case: Case, generator: np.random.Generator) -> Case:
        return _phases(case, lambda v: v.array + share * v.array.std() * generator.standard_normal(v.array.shape))

    return spoil


def louder(case: Case, generator: np.random.Generator) -> Case:
    """Every intensity is one and a half times as large."""
    return _phases(case, lambda v: 1.5 * v.array)


def thick_slices(case: Case, generator: np.random.Generator) -> Case:
    """Two neighbouring slices become one."""

    def joined(volume: Volume) -> Volume:
        pairs = volume.array.shape[0] // 2
        array = volume.array[: 2 * pairs].reshape(pairs, 2, *volume.array.shape[1:])
        half = array.any(axis=1) if volume.array.dtype == bool else np.rint(array.mean(axis=1)).astype(np.int16)
        geometry = volume.geometry
        across = np.asarray(geometry.direction)[:, 2] * geometry.spacing[2] / 2
        return Volume(
            half,
            replace(
                geometry,
                size=(*geometry.size[:2], pairs),
                spacing=(*geometry.spacing[:2], 2 * geometry.spacing[2]),
                origin=tuple(float(v) for v in np.asarray(geometry.origin) + across),
            ),
        )

    return _all_volumes(case, joined)


def wrong_organ(case: Case, generator: np.random.Generator) -> Case:
    """The tumour is drawn in another organ: its mask where it overlaps the liver least; nobody drew the liver."""
    tumor, liver = case.masks[TUMOR].array, case.masks[MaskKey("liver")].array
    index = np.argwhere(tumor)
    low, high = index.min(axis=0), index.max(axis=0) + 1
    part = tumor[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    overlap = np.rint(signal.fftconvolve(liver.astype(float), part[::-1, ::-1, ::-1].astype(float), mode="valid"))
    # Of the emptiest places the one with the brightest image, since air is no organ.
    bright = signal.fftconvolve(
        case.phases["HBP"].array.astype(float), part[::-1, ::-1, ::-1].astype(float) / part.sum(), mode="valid"
    )
    best = np.unravel_index(np.argmax(np.where(overlap == overlap.min(), bright, -np.inf)), overlap.shape)
    moved = _with_tumor(case, index - low + np.array(best))
    return replace(moved, masks={key: mask for key, mask in moved.masks.items() if key.region != "liver"})


def _times(spacing: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    return spacing[0] * factor, spacing[1] * factor, spacing[2] * factor


def _phases(case: Case, change: Callable[[Volume], np.ndarray]) -> Case:
    phases = {role: v.with_array(np.rint(change(v)).astype(np.int16)) for role, v in case.phases.items()}
    return replace(case, phases=phases)


def _all_volumes(case: Case, change: Callable[[Volume], Volume]) -> Case:
    phases = {role: change(volume) for role, volume in case.phases.items()}
    return replace(case, phases=phases, masks={key: change(mask) for key, mask in case.masks.items()})


def _with_tumor(case: Case, index: np.ndarray) -> Case:
    tumor = case.masks[TUMOR]
    array = np.zeros_like(tumor.array)
    array[tuple(index.T)] = True
    return replace(case, masks={**case.masks, TUMOR: tumor.with_array(array)})


BUILT_FOR: Mapping[str, Spoiler] = {
    "swapped phases (AP and HBP)": swapped_phases,
    "halved spacing": halved_spacing,
    "inverted images": inverted,
    "mask shifted by 10 mm": shifted_mask(10.0),
    "mask shifted by 5 mm": shifted_mask(5.0),
    "mask drawn on another phase (AP 10 mm away)": other_phase,
    "tumour of 8 mm": tiny_mask,
    "image cut at the tumour": cut_image,
    "scanner never seen": new_scanner,
}
"""What the checks were made to see; the first four while they were built, on other cases."""
NEVER_USED: Mapping[str, Spoiler] = {
    "noise of a tenth of the image's SD": noisy(0.1),
    "noise of a fifth of the image's SD": noisy(0.2),
    "gain of 1.5": louder,
    "slices twice as thick": thick_slices,
    "wrong organ": wrong_organ,
}
"""What was looked at for the first time when the figures were measured."""
