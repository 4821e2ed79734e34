"""The heatmap is shown as what it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from RadFusionLib.errors import InputError
from RadFusionLib.explain import LEGEND, SENTINEL
from RadFusionLib.scene import SceneLogic, heatmap_to_scene, volume_from_node, volume_to_node


def test_contribution_is_diverging_about_zero(scene: Any, prediction: SimpleNamespace) -> None:
    nodes = heatmap_to_scene(prediction.heatmap)
    display = nodes.display
    values = prediction.heatmap.array[prediction.heatmap.array > SENTINEL / 2]
    low, high = display.GetWindowLevelMin(), display.GetWindowLevelMax()
    assert low == pytest.approx(-high)
    assert np.abs(values).max() <= high <= 1.2 * np.abs(values).max()
    color = np.zeros((3, 4))
    for row, level in enumerate((0, 128, 255)):
        nodes.color.GetColor(level, color[row])
    assert color[0, 2] > color[0, 0]
    assert color[2, 0] > color[2, 2]
    assert np.ptp(color[1, :3]) < 0.05
    assert display.GetColorNode() is nodes.color
    assert not display.GetAutoWindowLevel()
    assert not display.GetInterpolate()


def test_threshold_hides_the_sentinel_and_nothing_else(scene: Any, prediction: SimpleNamespace) -> None:
    nodes = heatmap_to_scene(prediction.heatmap)
    display = nodes.display
    assert display.GetApplyThreshold()
    assert not display.GetAutoThreshold()
    voxels = volume_from_node(nodes.volume).array
    assert voxels.dtype == np.float32
    assert np.array_equal(voxels, prediction.heatmap.array)
    shown = (voxels >= display.GetLowerThreshold()) & (voxels <= display.GetUpperThreshold())
    assert np.array_equal(shown, voxels != SENTINEL)


def test_legend_says_what_it_is(scene: Any, prediction: SimpleNamespace) -> None:
    nodes = heatmap_to_scene(prediction.heatmap)
    assert LEGEND == "influence on this model's output, not probability of disease here"
    assert nodes.legend.GetTitleText() == f"{LEGEND} (contribution)"
    assert nodes.legend.GetVisibility()
    assert nodes.legend.GetPrimaryDisplayNode() is nodes.display
    assert nodes.legend.GetColorNode() is nodes.color


@pytest.mark.parametrize("kind", ["patch_probability", "cam"])
def test_other_kinds_run_from_zero_to_one(scene: Any, prediction: SimpleNamespace, kind: str) -> None:
    nodes = heatmap_to_scene(prediction.heatmap, kind)
    assert (nodes.display.GetWindowLevelMin(), nodes.display.GetWindowLevelMax()) == (0.0, 1.0)
    assert kind in nodes.legend.GetTitleText()
    assert nodes.volume.GetAttribute("RadFusion.heatmap") == kind


def test_no_influence_at_all_still_has_a_window(scene: Any, prediction: SimpleNamespace) -> None:
    flat = np.where(prediction.heatmap.array > SENTINEL / 2, np.float32(0), prediction.heatmap.array)
    assert heatmap_to_scene(prediction.heatmap.with_array(flat)).display.GetWindow() > 0


def test_painting_again_adds_no_node(scene: Any, prediction: SimpleNamespace) -> None:
    reference = volume_to_node(prediction.heatmap, "HBP")
    first = SceneLogic().paintHeatmap(prediction, reference)
    count = scene.GetNumberOfNodes()
    again = SceneLogic().paintHeatmap(prediction, reference, first.volume)
    assert scene.GetNumberOfNodes() == count
    assert again.volume is first.volume
    assert again.legend is first.legend
    assert again.color is first.color
    assert first.volume.GetName() == "HBP heatmap"
    assert first.legend.GetTitleText() == f"{LEGEND} (contribution) DEMONSTRATION"


def test_unknown_kind_and_missing_heatmap_are_told(scene: Any, prediction: SimpleNamespace) -> None:
    with pytest.raises(InputError, match="no heatmap kind 'jet'"):
        heatmap_to_scene(prediction.heatmap, "jet")
    prediction.heatmap = None
    with pytest.raises(InputError, match="carries no heatmap"):
        SceneLogic().paintHeatmap(prediction)


def test_scene_of_another_application(prediction: SimpleNamespace) -> None:
    """A browser reader makes its own scene, which knows no legends."""
    import slicer

    scene = slicer.vtkMRMLScene()
    nodes = heatmap_to_scene(prediction.heatmap, scene=scene)
    assert nodes.legend.GetScene() is scene
    scene.Clear(1)
