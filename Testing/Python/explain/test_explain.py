"""Neighbourhoods, labels and pictures."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.explain import LEGEND, SENTINEL, Heatmap, HeatmapLook, Neighbourhoods, readable
from RadFusionLib.explain.colours import JET
from RadFusionLib.explain.overlay import draw_overlay
from RadFusionLib.explain.report import write_report


@pytest.fixture
def region() -> Volume:
    """A ball of 15 mm on an oblique, anisotropic grid."""
    angle = np.deg2rad(20)
    direction = ((np.cos(angle), -np.sin(angle), 0.0), (np.sin(angle), np.cos(angle), 0.0), (0.0, 0.0, 1.0))
    geometry = Geometry((40, 36, 20), (1.5, 1.5, 3.0), (10.0, -20.0, 30.0), direction)
    k, j, i = np.indices(geometry.shape)
    squared = ((i - 20) * 1.5) ** 2 + ((j - 18) * 1.5) ** 2 + ((k - 10) * 3.0) ** 2
    return Volume(squared <= 15**2, geometry)


def test_every_voxel_is_covered_by_a_ball(region):
    balls = Neighbourhoods(region, diameter=12.0, stride=6.0)
    centres = balls.centres()
    points = region.geometry.index_to_physical(np.argwhere(region.array)[:, ::-1].astype(float))
    held = np.array([(((points - c) ** 2).sum(axis=1) <= 36.0).sum() for c in centres])
    nearest = np.min([((points - c) ** 2).sum(axis=1) for c in centres], axis=0)
    assert (np.sqrt(nearest) <= 6.0).mean() > 0.99
    assert (held * 1.5 * 1.5 * 3.0 >= 0.1 * 4 / 3 * np.pi * 6.0**3).all()
    assert len(Neighbourhoods(region, diameter=100.0, stride=50.0).centres()) > 0


def test_an_even_influence_paints_an_even_map_and_a_sentinel_outside(region):
    balls = Neighbourhoods(region, 12.1, 6.0)  # no voxel lies on a ball's surface
    centres = balls.centres()
    points = region.geometry.index_to_physical(np.argwhere(region.array)[:, ::-1].astype(float))
    # What lies beyond the region cannot be hidden: balls at the edge do less.
    held = np.array([(((points - c) ** 2).sum(axis=1) <= 6.05**2).sum() for c in centres])
    assert held.min() < 0.3 * held.max()
    painted = balls.paint(centres, 2.5 * held / held.mean())
    assert painted.array[region.array] == pytest.approx(2.5)
    assert (painted.array[~region.array] == SENTINEL).all()


def test_the_map_is_hottest_where_the_influence_is(region):
    balls = Neighbourhoods(region, 12.0, 6.0)
    centres = balls.centres()
    target = region.geometry.index_to_physical(np.array([[26.0, 18.0, 10.0]]))[0]
    influence = np.exp(-((centres - target) ** 2).sum(axis=1) / 50)
    painted = balls.paint(centres, influence)
    k, j, i = np.unravel_index(np.argmax(painted.array), painted.array.shape)
    hottest = region.geometry.index_to_physical(np.array([[i, j, k]], dtype=float))[0]
    assert np.linalg.norm(hottest - target) < 8.0


def test_a_voxel_holds_what_the_balls_that_cover_it_did_for_what_they_hid(region):
    balls = Neighbourhoods(region, 12.1, 6.0)
    centres = balls.centres()
    influence = np.random.default_rng(1).normal(size=len(centres))
    painted = balls.paint(centres, influence)
    points = region.geometry.index_to_physical(np.argwhere(region.array)[:, ::-1].astype(float))
    held = np.array([(((points - c) ** 2).sum(axis=1) <= 6.05**2).sum() for c in centres])
    index = np.argwhere(region.array)[137]
    point = region.geometry.index_to_physical(index[None, ::-1].astype(float))[0]
    covering = ((centres - point) ** 2).sum(axis=1) <= 6.05**2
    expected = influence[covering].sum() / (held[covering].sum() / held.mean())
    assert painted.array[tuple(index)] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("HBP_shell_wavelet-LHL_glszm_ZoneEntropy", "HBP, shell: GLSZM zone entropy, wavelet LHL"),
        ("AP_tumor_original_firstorder_Mean", "AP, tumor: first-order mean"),
        ("PP_tumor_original_glcm_MCC", "PP, tumor: GLCM MCC"),
        ("HBP_tumor_dlr_17", "HBP, tumor: deep feature 17"),
        ("clinical_AFP", "AFP"),
    ],
)
def test_names_are_readable(name, label):
    assert readable(name) == label


def test_overlay_is_a_picture_with_the_maps_colours(region, tmp_path):
    from PIL import Image

    values = np.where(region.array, np.float32(-1.0), np.float32(SENTINEL))
    values[10:, :, 20:] = np.where(region.array[10:, :, 20:], np.float32(3.0), np.float32(SENTINEL))
    image = Volume(np.random.default_rng(0).normal(100, 10, region.array.shape), region.geometry)
    heatmap = Heatmap(region.with_array(values))
    path = draw_overlay(image, heatmap, {"tumor": region}, "A title", "A notice", tmp_path / "overlay.png")
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert pixels.shape[1] > 1000
    red = (pixels[..., 0] - pixels[..., 2] > 60).sum()
    blue = (pixels[..., 2] - pixels[..., 0] > 30).sum()
    assert red > 2000
    assert blue > 500


def test_overlay_says_which_planes_through_the_highest_value_miss_an_outline(region, tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    titles = []
    monkeypatch.setattr(Axes, "set_title", lambda axes, text, **look: titles.append(text))
    whole = region.with_array(np.ones(region.array.shape, dtype=bool))
    values = np.zeros(region.array.shape, dtype=np.float32)
    beside = int(np.argwhere(region.array).min(axis=0)[0]) - 1
    _, row, column = np.argwhere(region.array).mean(axis=0).astype(int)
    values[beside, row, column] = 1.0
    image, heatmap = whole.with_array(np.zeros_like(values)), Heatmap(whole.with_array(values))
    draw_overlay(image, heatmap, {"tumor": region, "shell": whole}, "A title", "A notice", tmp_path / "overlay.png")
    assert titles == [f"axial, slice {beside} (beside the tumor)", f"coronal, slice {row}", f"sagittal, slice {column}"]


def test_overlay_keeps_the_looks_colours_and_threshold(region, tmp_path):
    from PIL import Image

    values = np.where(region.array, np.float32(0.2), np.float32(SENTINEL))
    values[:, :, 20:] = np.where(region.array[:, :, 20:], np.float32(1.0), np.float32(SENTINEL))
    image = Volume(np.random.default_rng(0).normal(100, 10, region.array.shape), region.geometry)
    drawn = {}
    for threshold in (0.0, 0.5):
        heatmap = Heatmap(region.with_array(values), "gradcam", look=HeatmapLook("JET", threshold, 1.0))
        path = draw_overlay(image, heatmap, {}, "A title", "A notice", tmp_path / f"{threshold}.png")
        pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)[120:400]
        # JET of grey 51 and of 255.
        drawn[threshold] = [int((np.abs(pixels - np.array(c)).sum(axis=2) < 4).sum()) for c in JET.table[[51, 255]]]
    assert min(drawn[0.0]) > 2000
    assert drawn[0.5][0] < 100
    assert drawn[0.5][1] == pytest.approx(drawn[0.0][1], rel=0.1)


def test_report_escapes_what_it_is_given(tmp_path):
    explanation = {
        "case": "<script>alert(1)</script>",
        "outcome": "a & b",
        "risk": 0.4,
        "risk_low": 0.2,
        "risk_high": 0.6,
        "threshold": 0.5,
        "prevalence": 0.3,
        "level": 0.9,
        "members": [0.3, 0.5],
        "group": "low",
        "warnings": [],
        "notices": ["<b>"],
        "notice": "Research use only.",
        "base": -0.5,
        "logit": -0.4,
        "terms": [
            {"feature": f"f{i}", "label": f"<f{i}>", "unit": "", "value": 1.0, "contribution": 0.1 - 0.01 * i}
            for i in range(20)
        ],
        "doubt": {"contours": {"sentence": "Over 20 <contours>."}, "domain": {"unchecked": ["Spacing."], "flags": []}},
    }
    page = write_report(explanation, "<card>", None, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<b></li>" not in page
    assert "&lt;card&gt;" in page
    assert "&lt;f0&gt; = 1: +0.100" in page, "the pictures' numbers are there as text"
    assert "Over 20 &lt;contours&gt;. Spacing." in page
    assert "Research use only." in page


def test_legend_never_claims_disease():
    assert LEGEND == "influence on this model's output, not probability of disease here"
