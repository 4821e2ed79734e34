"""Series, and the map as dcmqi hands it on, read by Slicer's own storage nodes."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from synthetic import volume, write_series
from test_results import ball_on, result_on, tool

from RadFusionLib.case import Volume
from RadFusionLib.dicom import read_source
from RadFusionLib.dicom.results import write_results
from RadFusionLib.imaging import read_image
from RadFusionLib.scene import private_scene
from RadFusionLib.scene.volumes import volume_from_node

__all__ = ["ball_on"]


def read_by_slicer(files: Sequence[Path]) -> Volume:
    slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
    with private_scene() as scene:
        storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
        scene.AddNode(storage)
        storage.SetFileName(str(files[0]))
        storage.ResetFileNameList()
        for file in files:
            storage.AddFileName(str(file))
        storage.SetSingleFile(len(files) == 1)
        node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "read")
        assert storage.ReadData(node)
        return volume_from_node(node)


def along_the_stack(folder: Path) -> list[Path]:
    """The slices in the order of their places, as Slicer's DICOM module hands them to the storage node."""

    def place(file: Path) -> float:
        header = pydicom.dcmread(file, stop_before_pixels=True)
        row, column = np.reshape(np.array(header.ImageOrientationPatient, float), (2, 3))
        return float(np.cross(row, column) @ np.array(header.ImagePositionPatient, float))

    return sorted(folder.iterdir(), key=place)


@pytest.mark.parametrize("plane", ["oblique", "coronal"])
def test_a_series(plane: str, ball_on: dict[str, Volume], tmp_path: Path) -> None:
    folder = write_series(tmp_path / "series", volume(ball_on[plane].geometry))
    ours, slicers = read_image(folder).canonical(), read_by_slicer(along_the_stack(folder)).canonical()
    assert slicers.geometry.same_grid(ours.geometry)
    assert ours.array.std() > 1
    np.testing.assert_allclose(slicers.array, ours.array, rtol=0, atol=1e-3)


def test_the_map(ball_on: dict[str, Volume], tmp_path: Path) -> None:
    tumor = ball_on["oblique"]
    source = read_source(write_series(tmp_path / "series", volume(tumor.geometry)))
    result = result_on(tumor)
    assert result.heatmap is not None
    write_results(result, source, tmp_path / "out")
    command = [tool("paramap2itkimage"), "--inputDICOM", tmp_path / "out" / "heatmap.dcm"]
    subprocess.run(
        [*command, "--outputDirectory", tmp_path, "-t", "nrrd", "-n", "map"], check=True, capture_output=True
    )
    read = read_by_slicer(list(tmp_path.glob("map*.nrrd"))).canonical()
    heatmap = result.heatmap.volume
    assert read.geometry.same_grid(heatmap.geometry)
    np.testing.assert_array_equal(read.array.astype(np.float32), heatmap.array)
