"""``radfusion shell`` writes the exact shell on the grid it was asked for, or one sentence and nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.cli import main
from RadFusionLib.imaging import write_volume

AXES = Rotation.from_euler("xyz", (17, -9, 31), degrees=True).as_matrix()
# Stored with I to the right and K downward, as many files are: not the order in which we compute.
GEOMETRY = Geometry(
    (22, 20, 14), (1.1, 1.7, 3.3), (40.5, -12.25, 310.0), tuple(tuple(map(float, row)) for row in AXES * [-1, 1, -1])
)


def ball(geometry: Geometry, radius: float, shift: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Volume:
    k, j, i = np.indices(geometry.shape)
    steps = (np.stack([i, j, k], -1) - (np.array(geometry.size) - 1) / 2) * geometry.spacing - np.array(shift)
    return Volume(np.linalg.norm(steps, axis=-1) <= radius, geometry)


def brute_force(tumor: np.ndarray, image: sitk.Image, margin: float) -> np.ndarray:
    """From the file as SimpleITK reads it: distances between the physical points of all voxels."""
    index = np.argwhere(np.ones(tumor.shape, dtype=bool))[:, ::-1]
    places = np.array([image.TransformIndexToPhysicalPoint([int(v) for v in at]) for at in index])
    inside = tumor.ravel()
    return ((cdist(places, places[inside]).min(axis=1) <= margin + 1e-6) & ~inside).reshape(tumor.shape)


@pytest.mark.parametrize(("suffix", "margin"), [(".nrrd", 10.0), (".nii.gz", 10.0), (".nrrd", 6.5)])
def test_the_file_equals_brute_force_voxel_for_voxel(tmp_path: Path, suffix: str, margin: float) -> None:
    source = write_volume(ball(GEOMETRY, 5.0), tmp_path / f"tumor{suffix}")
    out = tmp_path / "out" / f"shell{suffix}"
    assert main(["shell", "--tumor", str(source), "--margin", str(margin), "--out", str(out)]) == 0
    tumor, shell = sitk.ReadImage(str(source)), sitk.ReadImage(str(out))
    assert shell.GetSize() == tumor.GetSize()
    np.testing.assert_allclose(shell.GetDirection(), tumor.GetDirection(), atol=1e-6)
    np.testing.assert_allclose(shell.GetOrigin(), tumor.GetOrigin(), atol=1e-4)
    expected = brute_force(sitk.GetArrayFromImage(tumor) > 0, tumor, margin)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(shell) > 0, expected)


def test_within_a_liver_and_on_another_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fine = replace(GEOMETRY, size=(44, 40, 28), spacing=(0.55, 0.85, 1.65))
    shifted = (
        fine.index_to_physical(np.array([[-0.5, -0.5, -0.5]]))[0]
        - GEOMETRY.index_to_physical(np.array([[-0.5, -0.5, -0.5]]))[0]
    )
    fine = replace(fine, origin=tuple(float(v) for v in np.array(fine.origin) - shifted))
    tumor = write_volume(ball(fine, 5.0), tmp_path / "tumor.nrrd")
    liver = write_volume(ball(fine, 9.0, (4, 0, 0)), tmp_path / "liver.nrrd")
    image = Volume(np.zeros(GEOMETRY.shape, np.float32), GEOMETRY)
    reference = write_volume(image, tmp_path / "image.nrrd")
    out = tmp_path / "shell.nrrd"
    words = ["shell", "--tumor", str(tumor), "--within", str(liver), "--reference", str(reference), "--out", str(out)]
    assert main([*words, "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert 0 < last["clipped_fraction"] < 1
    assert last["volume_ml"] > 0
    shell = sitk.ReadImage(str(out))
    assert shell.GetSize() == GEOMETRY.size

    def nearest(path: Path) -> np.ndarray:
        moved = sitk.Resample(sitk.ReadImage(str(path)), image.to_sitk(), sitk.Transform(), sitk.sitkNearestNeighbor, 0)
        return sitk.GetArrayFromImage(moved) > 0

    expected = brute_force(nearest(tumor), shell, 10.0) & nearest(liver)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(shell) > 0, expected)


@pytest.mark.parametrize(
    ("tumor", "more", "sentence"),
    [
        ("none.nrrd", [], "none.nrrd does not exist"),
        ("empty.nrrd", [], "empty.nrrd is empty"),
        ("slice.nrrd", [], "slice.nrrd lies in a single slice"),
        ("tumor.nrrd", ["--margin", "0"], "--margin is 0 mm; give a positive number"),
        ("tumor.nrrd", ["--margin", "nan"], "--margin is nan mm; give a positive number"),
        ("tumor.nrrd", ["--margin", "ten"], "invalid float value: 'ten'"),
        ("tumor.nrrd", ["--reference", "far.nrrd"], "tumor.nrrd lies wholly outside the image"),
        ("tumor.nrrd", ["--reference", "half.nrrd"], "% of the tumor mask"),
        ("tumor.nrrd", ["--within", "far.nrrd"], "far.nrrd lies wholly outside the tumor mask's grid"),
        ("tumor.nrrd", ["--within", "empty.nrrd"], "empty.nrrd is empty"),
        ("tumor.nrrd", ["--within", "tumor.nrrd"], "No voxel of the peritumoral shell is left"),
        ("tumor.nrrd#liver", [], "label image without names"),
        ("tumor.nrrd", ["--out", "shell.txt"], "shell.txt does not end in .nrrd"),
        ("tumor.nrrd", ["--frame", "x"], "unrecognized arguments: --frame x"),
    ],
)
def test_bad_input_is_one_sentence_exit_2_and_nothing_written(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tumor: str,
    more: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    body = ball(GEOMETRY, 5.0)
    flat = np.zeros(GEOMETRY.shape, dtype=bool)
    flat[7] = body.array[7]
    write_volume(body, "tumor.nrrd")
    write_volume(ball(GEOMETRY, -1.0), "empty.nrrd")
    write_volume(body.with_array(flat), "slice.nrrd")
    write_volume(
        Volume(ball(GEOMETRY, 9.0).array.astype(np.uint8), replace(GEOMETRY, origin=(900.0, 0.0, 0.0))), "far.nrrd"
    )
    write_volume(Volume(np.zeros((7, 20, 22), np.uint8), replace(GEOMETRY, size=(22, 20, 7))), "half.nrrd")
    before = sorted(tmp_path.iterdir())
    words = ["shell", "--tumor", tumor, *more]
    assert main(words if "--out" in more else [*words, "--out", "deep/shell.nrrd"]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.err.startswith("radfusion: ")
    assert said.err.strip().endswith(".")
    assert sorted(tmp_path.iterdir()) == before
