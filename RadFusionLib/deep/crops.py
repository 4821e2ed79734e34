"""The crops of a whole cohort, read from its manifest: what the compact network is pre-trained on and tried on."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.deep.region_input import prepare_region
from RadFusionLib.errors import ManifestError
from RadFusionLib.progress import Stage

__all__ = ["REGIONS", "Crops", "read_crops"]

REGIONS = ("tumor", "shell")
"""The regions that are cropped, in this order."""

_IMAGE = "image:"


@dataclass(frozen=True, eq=False)
class Crops:
    """Input cubes of a cohort.

    Parameters
    ----------
    cubes : numpy.ndarray
        Shape (cases, phases, regions, size, size, size), float32, 0 outside the region.
    inside : numpy.ndarray
        ``bool``, same shape.
    cases : tuple of str
        Case ids.
    phases : tuple of str
        Roles of the images.
    """

    cubes: np.ndarray
    inside: np.ndarray
    cases: tuple[str, ...]
    phases: tuple[str, ...]


def read_crops(
    manifest: str | Path,
    size: int,
    phases: tuple[str, ...] | None = None,
    margin: float = 10.0,
    progress: Stage | None = None,
) -> Crops:
    """Crop tumour and shell of every case and phase of a manifest.

    Outcomes are not read.

    Parameters
    ----------
    manifest : path
        CSV with ``case``, ``image:<phase>``, ``mask:tumor`` and, where there is one, ``mask:liver``; paths
        relative to it.
    size : int
        Edge of the cubes, voxels.
    phases : tuple of str, optional
        By default all of the manifest, in its order.
    margin : float
        Of the shell, mm.
    progress : Stage, optional
        Told after every case; may cancel.

    Raises
    ------
    ManifestError
        When the manifest lacks a column.
    InputError
        When an image or a mask cannot be used.
    """
    path = Path(manifest)
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise ManifestError(f"{path} cannot be read; check the path.") from error
    if not rows:
        raise ManifestError(f"{path} lists no cases.")
    chosen = phases or tuple(c.removeprefix(_IMAGE) for c in rows[0] if c.startswith(_IMAGE))
    wanted = ("case", "mask:tumor", *(_IMAGE + phase for phase in chosen))
    missing = [column for column in wanted if column not in rows[0]]
    if missing or not chosen:
        raise ManifestError(f"{path} has no column {missing[0] if missing else 'image:<phase>'!r}; add it.")
    shape = (len(rows), len(chosen), len(REGIONS), size, size, size)
    cubes, inside = np.zeros(shape, np.float32), np.zeros(shape, bool)
    for n, row in enumerate(rows):
        _fill(cubes[n], inside[n], path.parent, row, chosen, size, margin)
        if progress is not None:
            progress((n + 1) / len(rows), f"crops of case {n + 1}/{len(rows)}")
    return Crops(cubes, inside, tuple(row["case"] for row in rows), chosen)


def _fill(
    cubes: np.ndarray,
    inside: np.ndarray,
    folder: Path,
    row: dict[str, str],
    phases: tuple[str, ...],
    size: int,
    margin: float,
) -> None:
    """One case's cubes; phases that share a grid share its shell."""
    from RadFusionLib.imaging import mask_on_grid, peritumoral_shell, read_image, read_mask

    tumor = read_mask(folder / row["mask:tumor"])
    liver = read_mask(folder / row["mask:liver"], "liver") if row.get("mask:liver") else None
    known: dict[Geometry, tuple[Volume, Volume]] = {}
    for p, phase in enumerate(phases):
        image = read_image(folder / row[_IMAGE + phase])
        if image.geometry not in known:
            of = f"of case {row['case']}"
            here, _ = mask_on_grid(tumor, image, f"tumor mask {of}")
            within = mask_on_grid(liver, image, f"liver mask {of}", whole=False)[0] if liver is not None else None
            known[image.geometry] = here, peritumoral_shell(here, margin, within).mask
        for r, mask in enumerate(known[image.geometry]):
            prepared = prepare_region(image, mask, size)
            cubes[p, r], inside[p, r] = prepared.array, prepared.inside
