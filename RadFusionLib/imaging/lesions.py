"""Which of several lesions is the case's tumour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import generate_binary_structure, label

from RadFusionLib.case import Volume
from RadFusionLib.errors import InputError

__all__ = ["RULES", "Lesion", "choose_lesion", "choose_segment", "is_lesion_name", "refuse_single_slice"]

RULES = ("single", "largest", "all")
"""What a recipe may say instead of a segment's name."""

LESION = re.compile(r"tumou?r|lesion|metasta|nodule|\bmass|\b(hcc|icca?)\b", re.IGNORECASE)
NO_LESION = re.compile(r"peri|shell|margin|zone|liver$", re.IGNORECASE)


def is_lesion_name(name: str) -> bool:
    """Whether a segment's name says that it is a lesion, not an organ or a tumour's surroundings."""
    return bool(LESION.search(name)) and not NO_LESION.search(name)


@dataclass(frozen=True)
class Lesion:
    """The chosen lesion, the others, and a notice when there was a choice.

    ``tumor`` and ``others`` are ``bool`` volumes on one grid; ``others`` is ``None`` when there are none.
    """

    tumor: Volume
    others: Volume | None
    notice: str


def choose_lesion(mask: Volume, rule: str, what: str) -> Lesion:
    """Choose the tumour among the connected components (26 neighbours) of a mask.

    Parameters
    ----------
    mask : Volume
        ``bool``, not empty.
    rule : {'single', 'largest', 'all'}
        ``single``: more than one is an error; ``largest``: the largest by volume; ``all``: together one tumour.
    what : str
        How an error names the mask.

    Raises
    ------
    InputError
        When the rule is ``single`` and there are several, or the tumour lies in one slice only.
    """
    if rule not in RULES:
        raise InputError(f"There is no lesion rule {rule!r}; use one of {', '.join(RULES)}, or name a segment.")
    labels, count = label(mask.array, structure=generate_binary_structure(3, 3))
    notice = ""
    tumor, others = mask, None
    if count > 1 and rule == "single":
        raise InputError(
            f"The {what} has {count} separate parts where one is expected; remove the stray parts, or use a "
            "recipe with 'lesion: largest'."
        )
    if count > 1 and rule == "largest":
        sizes = np.bincount(labels.ravel())[1:]
        chosen = int(np.argmax(sizes)) + 1
        volumes = sizes * mask.geometry.voxel_volume / 1000.0
        tumor = mask.with_array(labels == chosen)
        others = mask.with_array(mask.array & (labels != chosen))
        notice = (
            f"The {what} has {count} lesions; the largest ({volumes[chosen - 1]:.1f} ml) was taken and the others "
            "were kept out of the shell."
        )
    refuse_single_slice(tumor, what)
    return Lesion(tumor, others, notice)


def choose_segment(segments: Mapping[str, Volume], rule: str, what: str) -> tuple[str, str]:
    """Choose the tumour among named segments.

    Parameters
    ----------
    segments : mapping of str to Volume
        ``bool``, by name.
    rule : str
        ``largest``, or a segment's name (upper or lower case).
    what : str
        How an error names the segmentation.

    Returns
    -------
    tuple of str
        The name, and the notice of the choice.

    Raises
    ------
    InputError
        When no segment, or more than one, has the name.
    """
    lesions = [name for name in segments if is_lesion_name(name)]
    if rule == "largest":
        sizes = {name: segments[name].array.sum() * segments[name].geometry.voxel_volume / 1000.0 for name in lesions}
        name = max(sizes, key=lambda n: (sizes[n], n))
        return name, (
            f"The {what} has {len(lesions)} lesions; the largest, {name} ({sizes[name]:.1f} ml), was taken and the "
            "others were kept out of the shell."
        )
    found = [name for name in segments if name.lower() == rule.lower()]
    if len(found) != 1:
        have = ", ".join(segments) or "none with a name"
        raise InputError(
            f"The {what} has {len(found) or 'no'} segment{'s' if len(found) > 1 else ''} named {rule} (it has {have}); "
            "rename the segment, or change 'lesion:' in the recipe."
        )
    others = [name for name in lesions if name != found[0]]
    kept = f"; {', '.join(others)} kept out of the shell" if others else ""
    return found[0], f"The {what}: the segment {found[0]} was taken, as the recipe says{kept}."


def refuse_single_slice(mask: Volume, what: str) -> None:
    """Refuse a mask that is one voxel thin along an axis.

    Raises
    ------
    InputError
        When it is, or when the mask is empty.
    """
    if not mask.array.any():
        raise InputError(f"The {what} is empty; draw it first.")
    extent = [int(where.max() - where.min()) + 1 for where in np.nonzero(mask.array)]
    if min(extent) < 2:
        raise InputError(f"The {what} lies in a single slice; draw the tumour in all slices that show it.")
