"""Feature files come back exactly; cases are read with the first reader's masks and their named lesions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from RadFusionLib.case import Geometry, MaskKey, Volume
from RadFusionLib.cohort import CaseRow, FeatureFile, fingerprint, load_case, read_features, write_features
from RadFusionLib.errors import InputError
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.imaging import write_volume

GEOMETRY = Geometry((12, 11, 6), (1.0, 1.0, 2.0))


def test_features_come_back_exactly(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=(3, 4)) * [1e-300, 1.0, 1e300, np.pi]
    values[1, 2] = np.nan
    table = FeatureTable(("a", "b é", "007"), ("AP_tumor_original_glcm_X", "f2", "f3", "PP_shell_dlr_1"), values)
    reasons = {"b é": {"f3": "not defined for this region"}}
    made = FeatureFile(table, ("1", "2", "3"), {"recipe": "hcc-mvi", "families": ["cr"], "network": None}, reasons)
    found = read_features(write_features(made, tmp_path / "deep" / "f.parquet"))
    assert found.table.cases == table.cases
    assert found.table.names == table.names
    np.testing.assert_array_equal(found.table.values, values)
    assert found.table.values.dtype == np.float64
    assert (found.fingerprints, found.record, found.reasons) == (made.fingerprints, made.record, reasons)
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["f.parquet"]


def test_what_is_no_feature_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.parquet").write_text("nothing")
    for path in (tmp_path / "f.parquet", tmp_path / "none.parquet"):
        with pytest.raises(InputError, match="is not a feature file; make one with radfusion extract"):
            read_features(path)


@pytest.fixture
def row(tmp_path: Path) -> CaseRow:
    image = Volume(np.random.default_rng(2).normal(size=GEOMETRY.shape).astype(np.float32), GEOMETRY)
    mask = Volume(image.array > 1, GEOMETRY)
    masks = {
        key: str(write_volume(mask, tmp_path / f"{number}.nrrd"))
        for number, key in enumerate(
            (
                MaskKey("tumor"),
                MaskKey("tumor", "AP"),
                MaskKey("tumor", "T2"),
                MaskKey("tumor", "", "2"),
                MaskKey("liver"),
            )
        )
    }
    images = {phase: write_volume(image, tmp_path / f"{phase}.nrrd") for phase in ("AP", "T2")}
    return CaseRow("a", images, masks, {"AFP": 3.0}, scanner="3T", simulated=True)


def test_only_what_the_recipe_needs_is_read(row: CaseRow) -> None:
    case = load_case(row, ["AP"])
    assert list(case.phases) == ["AP"]
    assert set(case.masks) == {MaskKey("tumor"), MaskKey("tumor", "AP"), MaskKey("liver")}
    assert (case.clinical, case.scanner, case.simulated) == ({"AFP": 3.0}, "3T", True)


def test_a_case_without_a_phase_or_a_first_reader_s_tumour_is_refused(row: CaseRow) -> None:
    with pytest.raises(InputError, match="Case a has no PP phase; fill its image:PP"):
        load_case(row, ["AP", "PP"])
    masks = {key: path for key, path in row.masks.items() if key.region == "liver" or key.reader}
    with pytest.raises(InputError, match="Case a has no tumor mask; fill its mask:tumor"):
        load_case(CaseRow("a", row.images, masks), ["AP"])


def test_a_fingerprint_sees_voxels_not_storage(row: CaseRow) -> None:
    case = load_case(row, ["AP"])
    volume = case.phases["AP"]
    flipped = Volume(
        volume.array[:, :, ::-1].copy(),
        Geometry(
            GEOMETRY.size, GEOMETRY.spacing, (11.0, 0.0, 0.0), ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
        ),
    )
    other = volume.with_array(volume.array + np.float32(1e-3))
    prints = [fingerprint(type(case)("b", {"AP": v}, {})) for v in (volume, flipped, other)]
    assert prints[0] == prints[1] == fingerprint(case)
    assert prints[2] != prints[0]
