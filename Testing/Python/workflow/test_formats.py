"""One case, one risk: whatever file it comes from and however its axes lie in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Case, Volume
from RadFusionLib.imaging import read_image, read_mask
from RadFusionLib.resources import resource
from RadFusionLib.simulation import simulate_case
from RadFusionLib.workflow import predict

BUNDLE = resource("Bundles", "hcc-mvi-demonstration.radfusion")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(BUNDLE)


@pytest.fixture(scope="module")
def case(bundle: Bundle) -> Case:
    """An oblique case of a seed that no training knows."""
    for index in range(20):
        found = simulate_case(4711, index, bundle.recipe.phases).to_case()
        if not np.allclose(found.phases["HBP"].geometry.direction, np.eye(3)):
            return found
    raise AssertionError("the simulator makes no oblique case")


@pytest.fixture(scope="module")
def risk(bundle: Bundle, case: Case) -> float:
    return predict(bundle, case, heatmap=False).risk


def _through(case: Case, store: Callable[[Volume, Path], Path], folder: Path) -> Case:
    """The case written by ``store`` and read again."""
    phases = {role: read_image(store(volume, folder / f"{role}")) for role, volume in case.phases.items()}
    masks = {}
    for number, (key, volume) in enumerate(case.masks.items()):
        path = folder / f"mask-{number}.nii.gz"
        sitk.WriteImage(volume.to_sitk(), str(path))
        masks[key] = read_mask(path, key.region)
    return replace(case, phases=phases, masks=masks)


def _nrrd(volume: Volume, path: Path) -> Path:
    sitk.WriteImage(volume.to_sitk(), f"{path}.nrrd")
    return path.with_suffix(".nrrd")


def _nifti(volume: Volume, path: Path) -> Path:
    sitk.WriteImage(volume.to_sitk(), f"{path}.nii.gz")
    return Path(f"{path}.nii.gz")


def _dicom(volume: Volume, path: Path) -> Path:
    """A series of 16-bit slices, as a scanner writes them."""
    path.mkdir()
    image = sitk.Cast(volume.to_sitk(), sitk.sitkInt16)
    axes = np.asarray(volume.geometry.direction)
    orientation = "\\".join(f"{v:.12g}" for v in (*axes[:, 0], *axes[:, 1]))
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for k in range(image.GetDepth()):
        slice_ = image[:, :, k]
        place = image.TransformIndexToPhysicalPoint((0, 0, k))
        tags = {
            "0008|0060": "MR",
            "0008|0016": "1.2.840.10008.5.1.4.1.1.4",
            "0008|0018": f"1.2.826.0.1.3680043.2.1125.{sum(path.name.encode())}.{k + 1}",
            "0020|000d": "1.2.826.0.1.3680043.2.1125.1",
            "0020|000e": "1.2.826.0.1.3680043.2.1125.1.1",
            "0020|0013": str(k + 1),
            "0020|0032": "\\".join(f"{v:.10g}" for v in place),
            "0020|0037": orientation,
            "0018|0050": f"{volume.geometry.spacing[2]:.10g}",
        }
        for tag, value in tags.items():
            slice_.SetMetaData(tag, value)
        writer.SetFileName(str(path / f"{k:03d}.dcm"))
        writer.Execute(slice_)
    return path


@pytest.mark.parametrize("store", [_nrrd, _nifti, _dicom], ids=["nrrd", "nifti", "dicom"])
def test_a_case_from_any_format_has_the_same_risk(bundle, case, risk, tmp_path, store):
    found = predict(bundle, _through(case, store, tmp_path), heatmap=False).risk
    assert found == pytest.approx(risk, abs=1e-4)


def _turned(volume: Volume, order: tuple[int, ...], flips: tuple[bool, ...]) -> Volume:
    image = sitk.Flip(sitk.PermuteAxes(volume.to_sitk(), order), flips)
    turned = Volume.from_sitk(image)
    return turned.with_array(turned.array.astype(volume.array.dtype))


TURNS = [(order, flips) for order in permutations(range(3)) for flips in [(True, False, False), (False, True, True)]]


@pytest.mark.parametrize(("order", "flips"), TURNS)
def test_axes_flipped_or_permuted_in_memory_change_nothing(bundle, case, risk, order, flips):
    turned = replace(
        case,
        phases={role: _turned(volume, order, flips) for role, volume in case.phases.items()},
        masks={key: _turned(volume, order, flips) for key, volume in case.masks.items()},
    )
    assert predict(bundle, turned, heatmap=False).risk == pytest.approx(risk, abs=1e-6)


def test_heatmap_of_a_turned_case_is_the_same_map_in_space(bundle, case):
    turned = replace(
        case,
        phases={role: _turned(volume, (2, 0, 1), (True, False, True)) for role, volume in case.phases.items()},
        masks={key: _turned(volume, (2, 0, 1), (True, False, True)) for key, volume in case.masks.items()},
    )
    first, second = predict(bundle, case, threads=2).heatmap, predict(bundle, turned, threads=2).heatmap
    assert first.geometry.same_grid(second.geometry)
    assert np.abs(first.array - second.array).max() < 1e-3  # risk points


def test_threads_do_not_change_risk_or_heatmap(bundle, case):
    one, two = predict(bundle, case), predict(bundle, case, threads=2)
    assert one.risk == two.risk
    assert np.array_equal(one.heatmap.array, two.heatmap.array)


def test_cancelling_a_prediction_stops_it(bundle, case):
    from RadFusionLib.errors import Cancelled

    seen = []

    def stop(fraction: float, message: str) -> bool:
        seen.append(fraction)
        return fraction < 0.5

    with pytest.raises(Cancelled):
        predict(bundle, case, stop)
    assert seen == sorted(seen)
    assert seen[-1] < 0.6


def test_a_missing_phase_and_a_missing_value_are_named(bundle, case):
    from RadFusionLib.errors import InputError

    without = replace(case, phases={r: v for r, v in case.phases.items() if r != "PP"})
    with pytest.raises(InputError, match="no PP phase"):
        predict(bundle, without)
