"""The shell is 10 mm of Euclidean distance on any voxel shape and orientation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import peritumoral_shell

Grid = Callable[..., Geometry]
Ball = Callable[..., Volume]


def brute_force(tumor: Volume, margin: float) -> np.ndarray:
    """Distances between the physical places of voxel centres, every pair of them."""
    index = np.argwhere(np.ones(tumor.array.shape, dtype=bool))[:, ::-1]
    places = tumor.geometry.index_to_physical(index)
    inside = tumor.array.ravel()
    distance = cdist(places, places[inside]).min(axis=1)
    return ((distance <= margin + 1e-6) & ~inside).reshape(tumor.array.shape)


@pytest.mark.parametrize(
    "spacing", [(1.0, 1.0, 1.0), (1.1, 1.7, 3.3), (0.7, 0.7, 5.0), (2.5, 2.0, 2.5), (4.0, 0.9, 1.3)]
)
@pytest.mark.parametrize("angles", [(0, 0, 0), (17, -9, 31), (90, 0, 45)])
def test_shell_equals_brute_force_on_oblique_anisotropic_grids(
    grid: Grid, spacing: tuple[float, float, float], angles: tuple[float, float, float]
) -> None:
    geometry = grid(spacing=spacing, angles=angles)
    shape = np.random.default_rng(3).random(geometry.shape) < 0.02
    middle = tuple(slice(n // 3, n - n // 3) for n in geometry.shape)
    tumor = np.zeros(geometry.shape, dtype=bool)
    tumor[middle] = shape[middle]
    tumor[geometry.shape[0] // 2, geometry.shape[1] // 2, geometry.shape[2] // 2] = True
    found = peritumoral_shell(Volume(tumor, geometry))
    np.testing.assert_array_equal(found.mask.array, brute_force(Volume(tumor, geometry), 10.0))
    assert found.clipped_fraction == 0


@pytest.mark.parametrize(
    ("spacing", "steps"),
    [((1, 1, 1), (10, 0, 0)), ((2.5, 2.5, 2.5), (0, 4, 0)), ((0.1, 2, 2), (100, 0, 0)), ((2, 3, 4), (3, 0, 2)),
     ((0.8, 0.6, 5), (10, 10, 0)), ((1, 1, 10 / 3), (0, 0, 3))],
)  # fmt: skip
def test_a_voxel_at_exactly_the_margin_belongs_to_the_shell(
    grid: Grid, spacing: tuple[float, float, float], steps: tuple[int, int, int]
) -> None:
    size = tuple(s + 4 for s in steps)
    geometry = grid(size=size, spacing=spacing, angles=(11, 23, -37))
    tumor = np.zeros(geometry.shape, dtype=bool)
    tumor[1, 1, 1] = True
    there = tuple(s + 1 for s in steps[::-1])
    shell = peritumoral_shell(Volume(tumor, geometry), 10.0).mask.array
    assert shell[there]
    assert not peritumoral_shell(Volume(tumor, geometry), 9.999).mask.array[there]


def test_single_precision_headers_do_not_lose_a_tie(grid: Grid) -> None:
    # NIfTI keeps 0.1 as 0.100000001490116; a hundred of them are still 10 mm.
    geometry = grid(size=(104, 3, 3), spacing=(float(np.float32(0.1)), 2.0, 2.0))
    tumor = np.zeros(geometry.shape, dtype=bool)
    tumor[1, 1, 1] = True
    assert peritumoral_shell(Volume(tumor, geometry)).mask.array[1, 1, 101]


def test_shell_stays_in_the_liver_and_reports_what_was_clipped(grid: Grid, ball: Ball) -> None:
    geometry = grid()
    tumor, liver = ball(geometry, 6.0), ball(geometry, 20.0, (12, 0, 0))
    whole = brute_force(tumor, 10.0)
    found = peritumoral_shell(tumor, 10.0, liver)
    np.testing.assert_array_equal(found.mask.array, whole & liver.array)
    assert 0 < found.clipped_fraction < 1
    assert found.clipped_fraction == pytest.approx(1 - (whole & liver.array).sum() / whole.sum())


def test_shell_never_holds_the_tumour_nor_another_lesion(grid: Grid, ball: Ball) -> None:
    geometry = grid()
    tumor, other = ball(geometry, 6.0), ball(geometry, 4.0, (11, 0, 0))
    found = peritumoral_shell(tumor, 10.0, None, other).mask.array
    assert not (found & tumor.array).any()
    assert not (found & other.array).any()
    np.testing.assert_array_equal(found, brute_force(tumor, 10.0) & ~other.array)


def test_a_hole_in_the_tumour_is_shell(grid: Grid, ball: Ball) -> None:
    geometry = grid()
    hollow = Volume(ball(geometry, 8.0).array & ~ball(geometry, 3.0).array, geometry)
    np.testing.assert_array_equal(peritumoral_shell(hollow).mask.array, brute_force(hollow, 10.0))


def test_the_edge_of_the_image_is_noticed(grid: Grid, ball: Ball) -> None:
    wide = grid(size=(40, 40, 20))
    assert not peritumoral_shell(ball(wide, 5.0)).touches_edge
    assert peritumoral_shell(ball(wide, 5.0, (10, 0, 0))).touches_edge
    full = np.zeros(wide.shape, dtype=bool)
    full[:3, 15:20, 15:20] = True
    assert peritumoral_shell(Volume(full, wide)).touches_edge


@pytest.mark.parametrize("margin", [0.0, -1.0, float("nan"), float("inf")])
def test_a_margin_must_be_a_positive_number(grid: Grid, ball: Ball, margin: float) -> None:
    with pytest.raises(InputError, match="give a positive number"):
        peritumoral_shell(ball(grid(), 6.0), margin)


def test_nothing_left_of_the_shell_is_an_error(grid: Grid, ball: Ball) -> None:
    tumor = ball(grid(), 6.0)
    with pytest.raises(InputError, match="No voxel of the peritumoral shell is left"):
        peritumoral_shell(tumor, 10.0, tumor)
    with pytest.raises(InputError, match="empty"):
        peritumoral_shell(tumor.with_array(np.zeros(tumor.array.shape, dtype=bool)))


def test_a_liver_on_another_grid_is_a_programming_error(grid: Grid, ball: Ball) -> None:
    with pytest.raises(ValueError, match="grid"):
        peritumoral_shell(ball(grid(), 6.0), 10.0, ball(grid(origin=(0.0, 0.0, 0.0)), 6.0))
