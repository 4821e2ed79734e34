"""Read a case's images and masks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from RadFusionLib.case import Case, MaskKey
from RadFusionLib.cohort.manifest import CaseRow
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import read_image, read_mask, read_tumor

__all__ = ["fingerprint", "load_case"]


def load_case(row: CaseRow, phases: Sequence[str], reading: str = "", *, tumor_needed: bool = True) -> Case:
    """Read the phases that a recipe needs and the first reader's masks, or those of a repeated reading.

    Parameters
    ----------
    row : CaseRow
        Of the manifest.
    phases : sequence of str
        The roles that are needed.
    reading : str
        ``2`` (the second reader's contours) or ``1.2`` (the first reader's second); a region that was not drawn again
        keeps its first mask.
    tumor_needed : bool
        ``False`` where the tumour is still to be drawn.

    Raises
    ------
    InputError
        When a phase or the tumour mask is not listed, or a file cannot be used.
    """
    missing = [p for p in phases if p not in row.images]
    if missing:
        raise InputError(f"Case {row.id} has no {missing[0]} phase; fill its image:{missing[0]} in the manifest.")
    wanted = {k: path for k, path in row.masks.items() if not k.reader and (not k.phase or k.phase in phases)}
    for key, path in row.masks.items():
        plain = MaskKey(key.region, key.phase)
        if reading and key.reading_name == reading and plain in wanted:
            wanted[plain] = path
    if tumor_needed and not any(key.region == "tumor" for key in wanted):
        raise InputError(f"Case {row.id} has no tumor mask; fill its mask:tumor in the manifest.")
    images = {phase: read_image(row.images[phase]) for phase in phases}
    masks, segments = {}, {}
    for key, path in wanted.items():
        if key.region == "tumor":
            masks[key], named = read_tumor(path, series=row.images.values())
            if named:
                segments[key.phase] = named
        else:
            masks[key] = read_mask(path, key.region, series=row.images.values())
    return Case(row.id, images, masks, dict(row.clinical), row.scanner, row.center, row.simulated, segments)


def fingerprint(case: Case) -> str:
    """SHA-256 of a case's voxels, by which a bundle knows its training cases without holding their ids.

    Blind to file format and axis order, since the volumes are put in canonical order first.
    """
    digest = hashlib.sha256()
    for role in sorted(case.phases):
        volume = case.phases[role].canonical()
        digest.update(role.encode())
        digest.update(np.ascontiguousarray(volume.array, dtype=np.float32).tobytes())
    return digest.hexdigest()
