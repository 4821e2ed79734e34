"""Colours against OpenCV's, matplotlib's, and eyes that see fewer of them."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pytest

from RadFusionLib.explain import KINDS, LEGEND
from RadFusionLib.explain.colours import COLOURS, DEFAULT, JET, PROBABILITY, SIGNED, draw_legend, grey_levels
from RadFusionLib.explain.known_truth import TRUTH_TESTS, truth_sentence

OPENCV = {0: (128, 0, 0), 64: (255, 128, 0), 128: (126, 255, 130), 191: (0, 128, 255), 255: (0, 0, 128)}
"""Blue, green, red of ``cv2.applyColorMap(grey, cv2.COLORMAP_JET)``, OpenCV 5.0.0."""

OPENCV_TABLE = "7d50956401c66a4dc53c41799da385e108902c907a41a061e22e05f0a075af38"
"""SHA-256 of the 256 x 3 bytes, blue first, of the same call on all greys."""

# Machado, Oliveira and Fernandes 2009, severity 1: linear light as a reader sees it without one kind of cone.
EYES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize(("grey", "colour"), OPENCV.items())
def test_jet_of_a_grey_is_opencvs(grey, colour):
    assert tuple(int(v) for v in JET(np.array(grey))[::-1]) == colour


def test_jet_is_opencvs_table():
    assert hashlib.sha256(np.ascontiguousarray(JET.table[:, ::-1]).tobytes()).hexdigest() == OPENCV_TABLE


def test_probability_is_cividis():
    import matplotlib

    table = 255 * np.asarray(matplotlib.colormaps["cividis"](np.arange(256)))[:, :3]
    assert np.abs(PROBABILITY.table - table).max() < 12


def lightness(table: np.ndarray, eye: str | None = None) -> np.ndarray:
    """CIELAB, shape (256, 3), as the eye sees an sRGB table."""
    from skimage.color import rgb2lab

    srgb = table / 255.0
    if eye:
        linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
        linear = np.clip(linear @ np.asarray(EYES[eye]).T, 0, 1)
        srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb2lab(srgb[None])[0]


@pytest.mark.parametrize("eye", [None, *EYES])
def test_defaults_keep_their_order_to_every_eye(eye):
    probability = lightness(PROBABILITY.table, eye)[:, 0]
    assert np.diff(probability[::4]).min() > 0
    signed = lightness(SIGNED.table, eye)
    assert np.diff(signed[:128:4, 0]).min() > 0
    assert np.diff(signed[128::4, 0]).max() < 0
    # 20 units are plain to see; 2.3 are just noticed.
    for strength in (127, 96, 64):
        assert np.linalg.norm(signed[127 - strength] - signed[128 + strength]) > 20
    # JET is no default: its lightness goes up and down.
    jet = np.diff(lightness(JET.table, eye)[::4, 0])
    assert (jet > 0).any()
    assert (jet < 0).any()


def test_every_kind_has_a_default_and_jet_is_beside_them():
    assert set(DEFAULT) == set(KINDS)
    assert JET not in DEFAULT.values()
    assert COLOURS["JET"] is JET


def test_grey_levels_round_and_cut():
    values = np.array([-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0, np.nan])
    assert grey_levels(values).tolist() == [0, 0, 64, 128, 191, 255, 255, 0]
    assert grey_levels(np.array([-2.0, 0.0, 2.0]), -2, 2).tolist() == [0, 128, 255]


@pytest.mark.parametrize("kind", KINDS)
def test_legend_says_what_the_map_is_and_is_not(kind, tmp_path):
    text = draw_legend(kind, tmp_path / "legend.svg", extent=3.2, notice="Research use only.").read_text()
    words = " ".join(re.sub("<!--|-->", " ", text).split())
    assert (LEGEND in words) == (kind != "feature")
    assert KINDS[kind].legend in words
    assert KINDS[kind].meaning in words
    assert KINDS[kind].is_not in words
    written = " ".join(" ".join(re.findall("<!--(.*?)-->", text)).split())
    assert truth_sentence(kind) in written
    assert "Research use only." in text
    assert ("+3.2" in text) == (kind == "contribution")


def test_a_map_says_how_it_did_against_a_known_truth_and_what_that_comes_to():
    assert "better than any map without a model" in truth_sentence("contribution")
    for kind in ("gradcam", "patch_probability"):
        assert "it cannot tell the two apart" in truth_sentence(kind)
    assert truth_sentence("feature") == "Not tested against a known truth."
    for kind, tests in TRUTH_TESTS.items():
        for test in tests:
            assert test.low <= test.auc <= test.high
            assert test.decoy_low <= test.over_decoy <= test.decoy_high
            assert f"{test.auc:.2f} ({test.low:.2f} to {test.high:.2f}" in truth_sentence(kind)
