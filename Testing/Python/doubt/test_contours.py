"""Plausible contours: as large, as far and as many as they say, measured in other ways."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from RadFusionLib.doubt import CONTOURS, TOLERANCE_MM, ContourSpread, plausible_contours

SPACING = (0.5, 0.5, 0.5)
RADIUS = 8.0


@pytest.fixture(scope="module")
def ball() -> np.ndarray:
    """A ball of 8 mm radius on voxels of 0.5 mm."""
    axis = (np.arange(60) - 29.5) * SPACING[0]
    return axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2 <= RADIUS**2


@pytest.fixture(scope="module")
def contours(ball):
    return plausible_contours(ball, SPACING)


def _surface(mask: np.ndarray) -> np.ndarray:
    """Centres of the faces between inside and outside, mm."""
    points = []
    for axis in range(3):
        change = np.argwhere(np.diff(mask.astype(np.int8), axis=axis) != 0).astype(float)
        change[:, axis] += 0.5
        points.append(change)
    return np.concatenate(points) * SPACING


def test_there_are_twenty_of_four_kinds(contours):
    kinds = [contour.kind for contour in contours]
    assert len(kinds) == CONTOURS
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"grown": 2, "shrunk": 2, "shifted": 6, "redrawn": 10}


def test_grown_and_shrunk_balls_have_the_volume_of_balls(contours):
    moved = (TOLERANCE_MM, TOLERANCE_MM / 2, -TOLERANCE_MM / 2, -TOLERANCE_MM)
    for contour, by in zip(contours, moved, strict=False):
        expected = 4 / 3 * np.pi * (RADIUS + by) ** 3
        assert contour.mask.sum() * np.prod(SPACING) == pytest.approx(expected, rel=0.06)


def test_shifted_contours_keep_their_size_and_lie_one_tolerance_away(ball, contours):
    home = np.argwhere(ball).mean(axis=0)
    ways = []
    for contour in contours:
        if contour.kind == "shifted":
            away = (np.argwhere(contour.mask).mean(axis=0) - home) * SPACING
            assert np.linalg.norm(away) == pytest.approx(TOLERANCE_MM, abs=0.1)
            assert contour.mask.sum() == pytest.approx(ball.sum(), rel=0.02)
            ways.append(tuple(np.rint(away / TOLERANCE_MM).astype(int)))
    assert len(set(ways)) == 6


def test_no_contour_strays_farther_than_the_tolerance_and_none_is_the_drawn_one(ball, contours):
    drawn = _surface(ball)
    for contour in contours:
        surface = _surface(contour.mask)
        far = max(cKDTree(drawn).query(surface)[0].max(), cKDTree(surface).query(drawn)[0].max())
        # Surfaces are known to half a voxel along each axis.
        assert 0.5 * SPACING[0] <= far <= TOLERANCE_MM + np.linalg.norm(SPACING)


def test_the_same_mask_gives_the_same_contours_and_every_redrawn_one_differs(ball, contours):
    again = plausible_contours(ball, SPACING)
    assert all(np.array_equal(one.mask, two.mask) for one, two in zip(contours, again, strict=True))
    redrawn = [contour.mask.tobytes() for contour in contours if contour.kind == "redrawn"]
    assert len(set(redrawn)) == len(redrawn)


def test_a_tumour_at_the_edge_of_the_image_and_one_of_a_voxel_are_no_error():
    for mask in (np.ones((6, 6, 6), dtype=bool), np.eye(4)[:, :, None].repeat(4, axis=2) > 5):
        if not mask.any():
            mask[1, 2, 3] = True
        found = plausible_contours(mask, (3.0, 1.0, 1.0))
        assert len(found) == CONTOURS
        assert all(contour.mask.shape == mask.shape for contour in found)


def test_the_spread_tells_quantiles_lost_contours_and_changes_of_group():
    risks = (0.1, 0.2, None, 0.3, 0.4, 0.6)
    spread = ContourSpread(2.0, ("grown",) * 6, risks, 0.3, 0.5)
    known = np.array([0.1, 0.2, 0.3, 0.4, 0.6])
    described = spread.to_json()
    assert described["count"] == 6
    assert described["usable"] == 5
    assert described["other_group"] == 1
    assert [described["least"], described["most"]] == [0.1, 0.6]
    for level, value in described["quantiles"].items():
        # Linear interpolation between order statistics, written out.
        place = float(level) * 4
        low = int(place)
        expected = known[low] + (place - low) * (known[min(low + 1, 4)] - known[low])
        assert value == pytest.approx(expected)
    assert "1 contours left too little" in described["sentence"]


def test_a_spread_without_any_usable_contour_says_so():
    described = ContourSpread(2.0, ("shrunk",), (None,), 0.3, 0.5).to_json()
    assert described["least"] is None
    assert "too small" in described["sentence"]
