"""Patch probabilities over the slice and in the phase."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.explain import SENTINEL
from RadFusionLib.explain.colours import JET, grey_levels
from RadFusionLib.explain.patch_map import patch_heatmap, patch_map


def patches(shape=(320, 288), seed=0):
    rows, columns = np.arange(0, shape[0] - 127, 32), np.arange(0, shape[1] - 127, 32)
    corners = np.array([(r, c) for r in rows for c in columns])
    rng = np.random.default_rng(seed)
    kept = rng.random(len(corners)) > 0.3
    return corners[kept], rng.random(int(kept.sum()))


def test_each_pixel_is_the_mean_of_the_patches_that_cover_it():
    corners, probabilities = patches()
    found = patch_map(corners, probabilities, (320, 288))
    rng = np.random.default_rng(1)
    for row, column in rng.integers(0, (320, 288), size=(300, 2)):
        covering = [
            p for (r, c), p in zip(corners, probabilities, strict=True) if r <= row < r + 128 and c <= column < c + 128
        ]
        if covering:
            assert found[row, column] == pytest.approx(np.mean(covering))
        else:
            assert np.isnan(found[row, column])


def test_the_published_colours():
    found = patch_map(np.array([[0, 0], [0, 128]]), np.array([0.0, 1.0]), (128, 256))
    grey = grey_levels(found)
    assert set(np.unique(grey)) == {0, 255}
    assert JET(grey)[5, 5].tolist() == [0, 0, 128]
    assert JET(grey)[5, 250].tolist() == [128, 0, 0]


def test_the_map_comes_to_lie_on_its_slice():
    corners, probabilities = patches()
    values = patch_map(corners, probabilities, (320, 288))
    phase = Geometry((90, 100, 9), (0.8, 0.8, 5.0), (-20.0, 3.0, 40.0))
    # Exported four times as fine as the phase: 128 pixels are 25.6 mm.
    first = phase.index_to_physical(np.array([[5 - 0.375, 6 - 0.375, 4.0]]))[0]
    seen = Geometry((288, 320, 1), (0.2, 0.2, 5.0), tuple(first))
    region = Volume(np.ones(phase.shape, dtype=bool), phase)
    heatmap = patch_heatmap(values, seen, region)
    assert heatmap.kind == "patch_probability"
    assert np.unique(np.argwhere(heatmap.inside)[:, 0]).tolist() == [4]
    block = values.reshape(80, 4, 72, 4)
    middle = block[:, 1:3, :, 1:3].mean(axis=(1, 3))
    there = heatmap.volume.array[4, 6:86, 5:77]
    whole = np.isfinite(block).all(axis=(1, 3))
    assert there[whole] == pytest.approx(middle[whole], abs=1e-6)
    empty = np.isnan(block).all(axis=(1, 3))
    assert (there[empty] == SENTINEL).all()


@pytest.mark.parametrize(
    ("corners", "probabilities", "said"),
    [([[0, 0]], [0.5, 0.5], "2 probabilities for 1"), ([[200, 0]], [0.5], "leaves the slice of 320 x 288")],
)
def test_what_does_not_fit_is_refused(corners, probabilities, said):
    with pytest.raises(ValueError, match=said):
        patch_map(np.array(corners), np.array(probabilities), (320, 288))
