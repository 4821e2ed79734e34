"""A scene from elsewhere is looked through before Slicer's readers see it, and ordinary ones still open."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from RadFusionLib.case import Case
from RadFusionLib.errors import InputError
from RadFusionLib.scene import case_from_scene, load_scene, private_scene, save_scene, write_scene
from RadFusionLib.scene.foreign_scene import unpack_scene

Files = dict[str, bytes]


@pytest.fixture
def files(case: Case, prediction: SimpleNamespace, tmp_path: Path) -> Files:
    """What is in the scene of a prediction, by its place in the zip."""
    path = write_scene(case, prediction, tmp_path / "s.mrb", "{}")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def packed(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def refused(path: Path, sentence: str) -> None:
    """The scene is refused in a sentence that names it, and is empty then."""
    with private_scene() as scene:
        empty = scene.GetNumberOfNodes()
        scene.AddNewNodeByClass("vtkMRMLTextNode", "before")
        with pytest.raises(InputError, match=sentence) as caught:
            load_scene(path, scene)
        assert scene.GetNumberOfNodesByClass("vtkMRMLTextNode") == 0
        assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
        assert scene.GetNumberOfNodes() <= empty
    assert path.name in str(caught.value)
    assert str(caught.value).endswith(".")


def one(files: Files, ending: str) -> str:
    return next(name for name in files if name.endswith(ending))


def test_packed_again_it_opens(files: Files, case: Case, tmp_path: Path) -> None:
    files["s/s.png"] = b"a picture of the window, which nothing reads"
    with private_scene() as scene:
        load_scene(packed(tmp_path / "a.mrb", files), scene)
        assert set(case_from_scene(scene).masks) >= set(case.masks)


@pytest.mark.parametrize("ending", ["AP.nrrd", "segmentation.seg.nrrd"])
@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b"encoding:", b"data file: ../../../outside.raw\nencoding:", "keeps its voxels in another file"),
        (b"encoding:", b"# x\rdata file: b.raw\nencoding:", "keeps its voxels in another file"),
        (b"encoding: gzip", b"encoding: bzip2", "is not what its name says"),
        (b"kinds:", b"[[{'a': 1}]]: 1\nkinds:", "cannot be read as an image"),
        (b"NRRD0004", b"NRRD0009", "cannot be read as an image"),
        (b"space: left-posterior-superior", b"space: 3D-right-handed-time", "is not what its name says"),
    ],
)
def test_an_image_that_lies(files: Files, tmp_path: Path, ending: str, old: bytes, new: bytes, sentence: str) -> None:
    name = one(files, ending)
    assert old in files[name]
    refused(packed(tmp_path / "a.mrb", {**files, name: files[name].replace(old, new, 1)}), sentence)


def test_an_image_of_a_million_million_voxels(files: Files, tmp_path: Path) -> None:
    name = one(files, "AP.nrrd")
    data = files[name].replace(b"sizes: 26 22 14", b"sizes: 10000 10000 10000")
    assert data != files[name]
    refused(packed(tmp_path / "a.mrb", {**files, name: data}), r"claims 1e\+12 voxels")


@pytest.mark.parametrize("ending", [" AP.nrrd", "segmentation.seg.nrrd"])
def test_an_image_that_is_none(files: Files, tmp_path: Path, ending: str) -> None:
    dicom = bytes(128) + b"DICM" + bytes(200)
    for data in (b"no image", b"", dicom):
        refused(packed(tmp_path / "a.mrb", {**files, one(files, ending): data}), "cannot be read as|not what its name")


@pytest.mark.parametrize(
    "line",
    [
        "Segment0_Extent:=0 2000000000 0 2000000000 0 2000000000",
        "Segmentation_ContainedRepresentationNames:=Closed surface|" + "x|" * 100,
        "Segmentation_ConversionParameters:=Smoothing factor|1000000|x&",
    ],
)
def test_segments_that_end_the_process(files: Files, tmp_path: Path, line: str) -> None:
    name, key = one(files, "segmentation.seg.nrrd"), line.partition(":=")[0]
    header, mark, rest = files[name].partition(b"\n\n")
    kept = [old for old in header.split(b"\n") if not old.startswith(key.encode())]
    data = b"\n".join([*kept, line.encode()]) + mark + rest
    refused(packed(tmp_path / "a.mrb", {**files, name: data}), f"as nobody draws them .{key}")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b"?>", b"?><!DOCTYPE MRML>", 1),
        lambda text: text.replace(b"?>", b"?><!DOCTYPE MRML [<!ENTITY a 'b'>]>", 1),
        lambda text: text.replace(b"UTF-8", b"ISO-8859-1", 1),
        lambda text: text.decode().encode("utf-16"),
        lambda text: text.replace(b"</MRML>", b""),
        lambda text: text.replace(b"</MRML>", b"<a>" * 50 + b"</a>" * 50 + b"</MRML>"),
        lambda text: text.replace(b"<Selection", b"<Model", 1).replace(b"</Selection", b"</Model", 1),
        lambda text: text.replace(b"</MRML>", b'<Text id="vtkMRMLTableNode1"></Text></MRML>'),
        lambda text: text.replace(b"</MRML>", b'<Table id="vtkMRMLTableNode1"></Table></MRML>'),
        lambda text: text.replace(b'numcolors="256"', b'numcolors="2147483647"'),
    ],
)
def test_a_text_that_no_scene_has(files: Files, tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    name = one(files, ".mrml")
    changed = change(files[name])
    assert changed != files[name]
    refused(packed(tmp_path / "a.mrb", {**files, name: changed}), "holds no scene that can be read")


@pytest.mark.parametrize("name", ["s/Data/model.vtk", "s/Data/run.py", "s/Data/t.h5", "s/Data/a.nhdr", "s/Data/a.png"])
def test_a_kind_of_file_that_no_scene_of_images_has(files: Files, tmp_path: Path, name: str) -> None:
    refused(packed(tmp_path / "a.mrb", {**files, name: b"x"}), "a kind of file that is not taken from a scene")


def test_a_table_read_as_an_image(files: Files, tmp_path: Path) -> None:
    """ITK would try every format it knows."""
    name = one(files, ".mrml")
    text = files[name].replace(b"%20results.tsv", b"%20AP.nrrd").replace(b"%20AP.nrrd", b"%20results.tsv")
    refused(packed(tmp_path / "a.mrb", {**files, name: text}), "read as VolumeArchetypeStorage")


@pytest.mark.parametrize("place", ["../../etc/hostname.txt", "/etc/hostname", "%2e%2e/x.nrrd", "%252e%252e/x.nrrd"])
def test_a_file_outside(files: Files, tmp_path: Path, place: str) -> None:
    name = one(files, ".mrml")
    text = files[name].replace(b"</MRML>", f'<TextStorage fileName="{place}"></TextStorage></MRML>'.encode())
    refused(packed(tmp_path / "a.mrb", {**files, name: text}), "names files outside itself")


def test_nothing_is_fetched(files: Files, tmp_path: Path) -> None:
    name = one(files, ".mrml")
    node = b'<VolumeArchetypeStorage uri="http://127.0.0.1:9/x.nrrd"></VolumeArchetypeStorage></MRML>'
    text = files[name].replace(b"</MRML>", node)
    refused(packed(tmp_path / "a.mrb", {**files, name: text}), "names files outside itself")


def test_a_transform_that_is_its_own_parent(files: Files, tmp_path: Path) -> None:
    name = one(files, ".mrml")
    itself = "vtkMRMLLinearTransformNode1"
    node = f'<LinearTransform id="{itself}" references="transform:{itself};"></LinearTransform></MRML>'
    text = files[name].replace(b"</MRML>", node.encode())
    refused(packed(tmp_path / "a.mrb", {**files, name: text}), "harden them in Slicer")


@pytest.mark.parametrize("said", [0, 10, 2**31 - 1])
def test_an_entry_that_lies_about_its_size(files: Files, tmp_path: Path, said: int) -> None:
    path = packed(tmp_path / "a.mrb", files)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, said)
    path.write_bytes(data)
    refused(path, "cannot be unpacked|many times its own size")


def test_no_more_is_written_than_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from RadFusionLib.scene import foreign_scene

    monkeypatch.setattr(foreign_scene, "SMALL", 1000)
    monkeypatch.setattr(foreign_scene, "UNPACKED", 2)
    path = packed(tmp_path / "a.mrb", {"s/s.mrml": b"<MRML></MRML>", "s/Data/a.txt": bytes(100_000)})
    (folder := tmp_path / "u").mkdir()
    with pytest.raises(InputError, match="many times its own size unpacked"):
        unpack_scene(path, folder, {})
    assert sum(os.path.getsize(place) for place in folder.rglob("*") if place.is_file()) <= 1000


@pytest.mark.parametrize(
    "name", ["../x.txt", "/elsewhere/x.txt", "//server/x.txt", "a/../../x.txt", "C:/x.txt", "a\\x.txt"]
)
def test_nothing_is_written_outside_the_folder(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / "a.mrb", {"s/s.mrml": b"<MRML></MRML>", name: b"x"})
    (folder := tmp_path / "u").mkdir()
    with pytest.raises(InputError, match="names files outside itself"):
        unpack_scene(path, folder, {})
    assert list(folder.iterdir()) == []


def test_names_and_packing_that_no_scene_has(files: Files, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.mrb", files)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(one(files, ".mrml"), b"<MRML></MRML>")
    refused(path, "twice")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    refused(path, "by neither of the zip's two usual ways")


def test_a_scene_as_slicer_writes_it(case: Case, prediction: SimpleNamespace, tmp_path: Path) -> None:
    """Cropped segmentations with surfaces, an empty segment, a label map, and nodes of the window."""
    path = write_scene(case, prediction, tmp_path / "s.mrb")
    with private_scene() as scene:
        load_scene(path, scene)
        _as_in_slicer(scene)
        save_scene(tmp_path / "t.mrb", scene)
        load_scene(tmp_path / "t.mrb", scene)
        node = scene.GetNthNodeByClass(0, "vtkMRMLSegmentationNode")
        assert node.GetSegmentation().ContainsRepresentation("Closed surface")
        assert scene.GetNumberOfNodesByClass("vtkMRMLLabelMapVolumeNode") == 1
        assert scene.GetFirstNodeByName("camera") is not None
        found = case_from_scene(scene)
    assert {key for key in found.masks if key.region != "shell"} == set(case.masks)
    assert set(found.phases) == set(case.phases)


def _as_in_slicer(scene: Any) -> None:
    import slicer

    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")):
        node = scene.GetNthNodeByClass(number, "vtkMRMLSegmentationNode")
        node.GetSegmentation().AddEmptySegment("empty")
        assert node.CreateClosedSurfaceRepresentation()
        node.AddDefaultStorageNode()
        node.GetStorageNode().SetCropToMinimumExtent(True)
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    segmentation = scene.GetNthNodeByClass(0, "vtkMRMLSegmentationNode")
    assert slicer.vtkSlicerSegmentationsModuleLogic.ExportVisibleSegmentsToLabelmapNode(segmentation, labels)
    for kind in ("vtkMRMLViewNode", "vtkMRMLSliceNode", "vtkMRMLLayoutNode", "vtkMRMLCrosshairNode"):
        scene.AddNewNodeByClass(kind)
    scene.AddNewNodeByClass("vtkMRMLCameraNode", "camera")


def test_many_scenes_in_one_process(case: Case, prediction: SimpleNamespace, tmp_path: Path) -> None:
    """Each scene's logic tells the process its conversions; the search among them must not grow."""
    import slicer

    for _ in range(3):
        with private_scene():
            paths = slicer.vtkSegmentationConversionPaths()
            fresh = slicer.vtkSegmentation()
            fresh.SetSourceRepresentationName("Binary labelmap")
            fresh.GetPossibleConversions("Closed surface", paths)
            assert paths.GetNumberOfPaths() == 1
