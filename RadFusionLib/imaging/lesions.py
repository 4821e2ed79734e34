"""Which of several lesions is the case's tumour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import generate_binary_structure, label

from RadFusionLib.case import Volume
from RadFusionLib.errors import InputError

__all__ = ["Lesion", "choose_lesion"]

RULES = ("single", "largest", "all")


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
    _refuse_single_slice(tumor, what)
    return Lesion(tumor, others, notice)


def _refuse_single_slice(mask: Volume, what: str) -> None:
    extent = [int(where.max() - where.min()) + 1 for where in np.nonzero(mask.array)]
    if min(extent) < 2:
        raise InputError(f"The {what} lies in a single slice; draw the tumour in all slices that show it.")
