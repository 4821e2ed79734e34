"""A case and its prediction as a scene file of the reader, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from RadFusionLib.case import Case, Volume
from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    from RadFusionLib.bundle import Bundle
    from RadFusionLib.workflow import Prediction
    from RadFusionLib.workflow.measured_case import MeasuredCase

__all__ = ["SceneFile", "read_scene_file", "write_scene_file"]

DIGITS = 4
"""Of a millimetre: an image format keeps a direction and a spacing as their product, and rounds."""


@dataclass(frozen=True)
class SceneFile:
    """What a scene file holds.

    Parameters
    ----------
    case : Case
        With its clinical values as they are in the scene.
    measured : MeasuredCase or None
        The prediction's numbers; None where the scene keeps none.
    bundle : str
        SHA-256 of the bundle that predicted.
    clinical : mapping of str to float
        The values that were predicted.
    heatmap : Volume or None
        Where there is one.
    changed : str
        Which of images and contours are no longer those that were predicted; empty when none.
    """

    case: Case
    measured: MeasuredCase | None
    bundle: str
    clinical: Mapping[str, float]
    heatmap: Volume | None
    changed: str


def write_scene_file(bundle: Bundle, case: Case, found: Prediction, measured: MeasuredCase, path: Path) -> Path:
    """Write a case and its prediction to an ``.mrb`` file that :func:`read_scene_file` reads."""
    from RadFusionLib.scene import write_scene

    kept = {
        "bundle": bundle.sha256,
        "digests": _digests(case),
        "clinical": dict(case.clinical),
        "prediction": measured.to_json(),
    }
    return write_scene(case, found, path, json.dumps(kept, allow_nan=False))


def read_scene_file(path: Path) -> SceneFile:
    """Read an ``.mrb`` file with one case.

    Raises
    ------
    InputError
        When it is no scene, or one without a case that RadFusion put there.
    """
    from RadFusionLib.scene import case_from_scene, load_scene, private_scene
    from RadFusionLib.scene.prediction_text import read_prediction_text
    from RadFusionLib.workflow.measured_case import MeasuredCase

    with private_scene() as scene:
        load_scene(path, scene)
        case = case_from_scene(scene)
        text, heatmap = read_prediction_text(case.id, scene), _heatmap(case.id, scene)
    # The shell follows from the tumour, and is no mask of the case.
    case = _without_shell(case)
    if not text:
        return SceneFile(case, None, "", {}, None, "")
    try:
        kept = json.loads(text)
        digests, said, bundle = dict(kept["digests"]), kept["prediction"], str(kept["bundle"])
        clinical = {str(name): float(value) for name, value in kept["clinical"].items()}
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        raise InputError(f"What {path.name} says of its prediction cannot be read; predict the case again.") from error
    changed = " and ".join(what for what, digest in _digests(case).items() if digests.get(what) != digest)
    return SceneFile(case, MeasuredCase.from_json(said), bundle, clinical, heatmap, changed)


def _digests(case: Case) -> dict[str, str]:
    """SHA-256 of what a prediction depends on beside the clinical values, by the word for it."""
    images, contours = hashlib.sha256(), hashlib.sha256()
    for role, volume in sorted(case.phases.items()):
        _add(images, role, volume, np.float32)
    for key, mask in sorted(case.masks.items()):
        if key.region in ("tumor", "liver") and not key.reader:
            _add(contours, f"{key.region} {key.phase}", mask, np.uint8)
    return {"images": images.hexdigest(), "contours": contours.hexdigest()}


def _add(digest: Any, name: str, volume: Volume, kind: type) -> None:
    volume = volume.canonical()
    digest.update(name.encode())
    # Without the zero's sign, which rounding may turn.
    digest.update((volume.geometry.matrix.round(DIGITS) + 0.0).tobytes())
    digest.update(np.ascontiguousarray(volume.array, dtype=kind).tobytes())


def _without_shell(case: Case) -> Case:
    from dataclasses import replace

    return replace(case, masks={key: mask for key, mask in case.masks.items() if key.region != "shell"})


def _heatmap(case_id: str, scene: Any) -> Volume | None:
    from RadFusionLib.scene import volume_from_node

    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")):
        node = scene.GetNthNodeByClass(number, "vtkMRMLScalarVolumeNode")
        if node.GetAttribute("RadFusion.heatmap") and node.GetAttribute("RadFusion.case") == case_id:
            return volume_from_node(node)
    return None
