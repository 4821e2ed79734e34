"""A scene file holds everything, and is written whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from RadFusionLib.bundle.card import DEMONSTRATION, RESEARCH_USE
from RadFusionLib.case import Case
from RadFusionLib.errors import InputError
from RadFusionLib.explain import LEGEND
from RadFusionLib.scene import (
    case_from_scene,
    case_to_scene,
    close,
    current_scene,
    load_scene,
    private_scene,
    save_scene,
    write_scene,
)
from RadFusionLib.scene.prediction_scene import prediction_to_scene

NAME = "case A;b: é _ _x_"
"""The case's id as nodes are named: what XML reserves is replaced, the id itself is kept beside."""

READ_IN_A_FRESH_PROCESS = """
import hashlib, json, sys
from RadFusionLib.scene import case_from_scene, load_scene, mask_from_segment, volume_from_node
from RadFusionLib.scene.text_tables import read_table
scene = load_scene(sys.argv[1])
case = case_from_scene(scene)
node = lambda kind, ending: next(n for i in range(scene.GetNumberOfNodesByClass(kind))
                                 if (n := scene.GetNthNodeByClass(i, kind)).GetName().endswith(ending))
heatmap = node("vtkMRMLScalarVolumeNode", "heatmap")
display = heatmap.GetDisplayNode()
legend = next(heatmap.GetNthDisplayNode(i) for i in range(heatmap.GetNumberOfDisplayNodes())
              if heatmap.GetNthDisplayNode(i).IsA("vtkMRMLColorLegendDisplayNode"))
colors = display.GetColorNode()
rgba = [0.0] * 4
colors.GetColor(0, rgba)
segmentation = node("vtkMRMLSegmentationNode", "segmentation")
grid = volume_from_node(heatmap).geometry
layers = node("vtkMRMLSliceCompositeNode", "Red")
digest = lambda array: hashlib.sha256(array.tobytes()).hexdigest()
print(json.dumps({
    "phases": {role: digest(volume.array) for role, volume in case.phases.items()},
    "matrix": {role: volume.geometry.matrix.tolist() for role, volume in case.phases.items()},
    "masks": {f"{k.region}/{k.phase}/{k.reader}/{k.reading}": digest(m.array) for k, m in case.masks.items()},
    "clinical": dict(case.clinical), "id": case.id, "simulated": case.simulated, "scanner": case.scanner,
    "heatmap": digest(volume_from_node(heatmap).array),
    "shell": digest(mask_from_segment(segmentation, "shell", grid).array),
    "window": [display.GetWindowLevelMin(), display.GetWindowLevelMax()],
    "threshold": [display.GetLowerThreshold(), display.GetApplyThreshold(), display.GetInterpolate()],
    "legend": legend.GetTitleText(), "legend_color": legend.GetColorNode().GetName(),
    "colors": [colors.GetName(), colors.GetNumberOfColors(), rgba],
    "table": read_table(node("vtkMRMLTableNode", "results")),
    "layers": [scene.GetNodeByID(layers.GetBackgroundVolumeID()).GetName(),
               scene.GetNodeByID(layers.GetForegroundVolumeID()).GetName(), layers.GetForegroundOpacity()],
}))
"""


def test_everything_is_there_in_a_fresh_process(case: Case, prediction: SimpleNamespace, tmp_path: Path) -> None:
    from hashlib import sha256

    def digest(array: np.ndarray) -> str:
        return sha256(array.tobytes()).hexdigest()

    path = write_scene(case, prediction, tmp_path / "scene.mrb")
    assert [p.name for p in tmp_path.iterdir()] == ["scene.mrb"]
    done = subprocess.run(
        [sys.executable, "-c", READ_IN_A_FRESH_PROCESS, str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    straight = {role: volume.canonical() for role, volume in case.phases.items()}
    assert read["phases"] == {role: digest(v.array) for role, v in straight.items()}
    for role, volume in straight.items():
        assert np.array_equal(read["matrix"][role], volume.geometry.matrix)
    assert read["masks"] == {
        f"{k.region}/{k.phase}/{k.reader}/{k.reading}": digest(m.canonical().array) for k, m in case.masks.items()
    }
    assert read["clinical"] == dict(case.clinical)
    assert (read["id"], read["simulated"], read["scanner"]) == (case.id, True, "M 3T")
    assert read["heatmap"] == digest(prediction.heatmap.array)
    assert read["shell"] == digest(prediction.shell.array)
    assert read["window"][0] == pytest.approx(-read["window"][1])
    assert read["threshold"] == [-500.0, 1, 0]
    assert read["legend"] == f"{LEGEND} (contribution) DEMONSTRATION"
    assert read["colors"] == [
        f"{NAME} heatmap colours",
        256,
        pytest.approx([45 / 255, 80 / 255, 190 / 255, 1.0]),
    ]
    assert read["legend_color"] == read["colors"][0]
    table = dict(read["table"])
    assert float(table["risk"]) == prediction.risk
    assert table["research use"] == f"{DEMONSTRATION} {RESEARCH_USE}"
    assert read["layers"] == [f"{NAME} PP", f"{NAME} heatmap", 0.6]


def test_case_through_a_scene_without_a_file(scene: Any, case: Case) -> None:
    nodes = case_to_scene(case)
    assert set(nodes.phases) == set(case.phases)
    assert len(nodes.segmentations) == 2
    back = case_from_scene()
    assert back.id == case.id
    assert dict(back.clinical) == dict(case.clinical)
    assert back.simulated
    assert set(back.masks) == set(case.masks)
    for key, mask in case.masks.items():
        assert np.array_equal(back.masks[key].array, mask.canonical().array)


def test_two_cases_in_one_scene_are_told_apart(scene: Any, case: Case) -> None:
    from dataclasses import replace

    case_to_scene(case)
    case_to_scene(replace(case, id="other", clinical={}))
    with pytest.raises(InputError, match="holds 2 cases"):
        case_from_scene()
    assert case_from_scene(case_id="other").clinical == {}
    with pytest.raises(InputError, match="no case third"):
        case_from_scene(case_id="third")


def test_saved_twice_gives_the_same_case(case: Case, prediction: SimpleNamespace, tmp_path: Path) -> None:
    first = write_scene(case, prediction, tmp_path / "first.mrb")
    with private_scene() as scene:
        load_scene(first, scene)
        once = case_from_scene(scene)
        second = save_scene(tmp_path / "second.mrb", scene)
        load_scene(second, scene)
        twice = case_from_scene(scene)
    for role, volume in once.phases.items():
        assert np.array_equal(volume.array, twice.phases[role].array)
        assert np.abs(volume.geometry.matrix - twice.phases[role].geometry.matrix).max() < 1e-9


def test_failed_write_leaves_the_old_file(
    case: Case, prediction: SimpleNamespace, tmp_path: Path, monkeypatch: Any
) -> None:
    path = tmp_path / "scene.mrb"
    path.write_bytes(b"old")
    from RadFusionLib.scene import saving

    monkeypatch.setattr(saving, "_not_written", lambda file, scene: "1 of 9 nodes are missing in it")
    with pytest.raises(InputError, match="could not be written"):
        write_scene(case, prediction, path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["scene.mrb"]


def test_what_is_no_scene_is_told(scene: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ends in"):
        save_scene(tmp_path / "scene.zip")
    with pytest.raises(InputError, match="does not exist"):
        load_scene(tmp_path / "none.mrb")
    (tmp_path / "text.mrb").write_text("no")
    with pytest.raises(InputError, match="not a scene bundle"):
        load_scene(tmp_path / "text.mrb")
    with zipfile.ZipFile(tmp_path / "empty.mrb", "w") as bundle:
        bundle.writestr("a/readme.txt", "no scene")
    with pytest.raises(InputError, match="holds no scene"):
        load_scene(tmp_path / "empty.mrb")
    with (
        zipfile.ZipFile(tmp_path / "bomb.mrb", "w", zipfile.ZIP_DEFLATED) as bundle,
        bundle.open("a/a.mrml", "w") as entry,
    ):
        for _ in range(300):
            entry.write(bytes(2**20))
    with pytest.raises(InputError, match="would be many times its own size unpacked"):
        load_scene(tmp_path / "bomb.mrb")
    with zipfile.ZipFile(tmp_path / "escape.mrb", "w") as bundle:
        bundle.writestr("../outside.mrml", "<MRML></MRML>")
    with pytest.raises(InputError, match="outside itself"):
        load_scene(tmp_path / "escape.mrb")
    assert not (tmp_path.parent / "outside.mrml").exists()


def test_scene_without_one_of_its_files_is_told(case: Case, prediction: SimpleNamespace, tmp_path: Path) -> None:
    whole = write_scene(case, prediction, tmp_path / "scene.mrb")
    with zipfile.ZipFile(whole) as bundle, zipfile.ZipFile(tmp_path / "less.mrb", "w") as less:
        dropped = next(n for n in bundle.namelist() if n.endswith("AP.nrrd"))
        for name in bundle.namelist():
            if name != dropped:
                less.writestr(name, bundle.read(name))
    with private_scene() as scene:
        with pytest.raises(InputError, match="AP is missing in it"):
            load_scene(tmp_path / "less.mrb", scene)
        assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


def test_nothing_is_printed_while_saving(case: Case, prediction: SimpleNamespace, tmp_path: Path, capfd: Any) -> None:
    """Slicer's writer names every file, and files bear the names of cases."""
    load_path = write_scene(case, prediction, tmp_path / "scene.mrb")
    with private_scene() as scene:
        load_scene(load_path, scene)
    out, err = capfd.readouterr()
    assert out == ""
    assert err == ""


def test_closing_a_scene_frees_what_it_held(case: Case, prediction: SimpleNamespace) -> None:
    with private_scene() as scene:
        nodes, heatmap, table = prediction_to_scene(case, prediction, scene)
        assert heatmap is not None
        images = [heatmap.volume.GetImageData(), *(n.GetImageData() for n in nodes.phases.values())]
        del nodes, heatmap, table
    assert scene.GetNumberOfNodes() == 0
    assert [image.GetReferenceCount() for image in images] == [1] * len(images)


def test_current_scene_is_made_once_and_closed(case: Case) -> None:
    import slicer

    close()
    first = current_scene()
    assert current_scene() is first
    assert slicer.mrmlScene is first
    case_to_scene(case)
    close()
    assert getattr(slicer, "mrmlScene", None) is None
    assert first.GetNumberOfNodes() == 0
    assert current_scene() is not first
    close()
    assert not hasattr(slicer, "app")


def test_relative_paths(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with private_scene() as scene:
        case_to_scene(case, scene)
        assert save_scene("folder/scene.mrb", scene) == Path("folder/scene.mrb")
        load_scene("folder/scene.mrb", scene)
        assert case_from_scene(scene).id == case.id
