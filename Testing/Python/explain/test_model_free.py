"""Maps without a model, and the AUC over voxels."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.explain import SENTINEL
from RadFusionLib.explain.model_free import auc_over_voxels, local_variance, model_free_maps

GEOMETRY = Geometry((22, 20, 12), (1.0, 1.5, 3.0))


@pytest.fixture
def scene():
    rng = np.random.default_rng(0)
    k, j, i = np.indices(GEOMETRY.shape)
    squared = ((i - 11) * 1.0) ** 2 + ((j - 10) * 1.5) ** 2 + ((k - 6) * 3.0) ** 2
    tumor, shell = squared <= 36, (squared > 36) & (squared <= 90)
    image = Volume(rng.normal(1000, 20, GEOMETRY.shape), GEOMETRY)
    return image, {"tumor": image.with_array(tumor), "shell": image.with_array(shell)}


def test_local_variance_is_that_of_the_regions_voxels_nearby(scene):
    image, regions = scene
    inside = regions["tumor"].array | regions["shell"].array
    found = local_variance(image, image.with_array(inside), 7.0)
    # 7 mm are 7, 5 and 3 voxels along I, J and K.
    for k, j, i in np.argwhere(inside)[::37]:
        box = slice(max(0, k - 1), k + 2), slice(max(0, j - 2), j + 3), slice(max(0, i - 3), i + 4)
        assert found[k, j, i] == pytest.approx(image.array[box][inside[box]].var(), rel=1e-6)


def test_every_map_is_on_tumour_and_shell_alone(scene):
    image, regions = scene
    tumor, shell = regions["tumor"].array, regions["shell"].array
    maps = model_free_maps(image, regions)
    assert set(maps) == {"local variance", "intensity", "distance to the edge", "depth", "region"}
    for found in maps.values():
        assert ((found.array != SENTINEL) == (tumor | shell)).all()
    assert (maps["region"].array[tumor] == 1).all()
    assert (maps["region"].array[shell] == 0).all()
    spots = np.argwhere(tumor | shell)[::23]
    mm = np.array(GEOMETRY.spacing[::-1])
    for spot in spots:
        other = np.argwhere(~tumor if tumor[tuple(spot)] else tumor)
        nearest = np.linalg.norm((other - spot) * mm, axis=1).min()
        assert maps["distance to the edge"].array[tuple(spot)] == pytest.approx(nearest, rel=1e-5)
        sign = 1 if tumor[tuple(spot)] else -1
        assert maps["depth"].array[tuple(spot)] == pytest.approx(sign * nearest, rel=1e-5)


def test_auc_counts_every_voxel_of_the_region(scene):
    image, regions = scene
    region = image.with_array(regions["tumor"].array | regions["shell"].array)
    rng = np.random.default_rng(1)
    truth = image.with_array(rng.random(GEOMETRY.shape) < 0.1)
    values = np.round(rng.normal(size=GEOMETRY.shape) + truth.array, 1).astype(np.float32)
    expected = roc_auc_score(truth.array[region.array], values[region.array])
    assert auc_over_voxels(image.with_array(values), truth, region) == pytest.approx(expected)
    # A map that leaves out every voxel but one of the truth's is not perfect.
    shy = np.full(GEOMETRY.shape, SENTINEL, dtype=np.float32)
    shy[tuple(np.argwhere(truth.array & region.array)[0])] = 1.0
    count = int((truth.array & region.array).sum())
    assert auc_over_voxels(image.with_array(shy), truth, region) == pytest.approx(0.5 + 0.5 / count)
    assert np.isnan(auc_over_voxels(image.with_array(values), image.with_array(~region.array), region))
    elsewhere = Volume(truth.array, Geometry(GEOMETRY.size, GEOMETRY.spacing, (1.0, 0.0, 0.0)))
    with pytest.raises(ValueError, match="one grid"):
        auc_over_voxels(image.with_array(values), elsewhere, region)
