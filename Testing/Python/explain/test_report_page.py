"""The page of a case in a browser: one sheet of A4, also when there is much to remark, and nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.explain import SENTINEL, Heatmap
from RadFusionLib.explain.overlay import draw_overlay
from RadFusionLib.explain.report import write_report
from RadFusionLib.explain.report_card import card_html

NAMES = [
    "HBP_shell_wavelet-HHH_glszm_GrayLevelNonUniformityNormalized",
    "AP_tumor_log-sigma-1-0-mm-3D_gldm_SmallDependenceLowGrayLevelEmphasis",
    "clinical_AFP",
    "clinical_hepatitis",
    *(f"PP_shell_dlr_{i}" for i in range(14)),
]
UNITS = {"clinical_AFP": "ng/mL", "clinical_hepatitis": "0 no, 1 yes"}
CARD = (
    "# A title of the recipe in one line\n\n"
    + "- A line of the card with some words in it\n" * 9
    + (
        "\n## Out-of-fold AUC\n\n| model | AUC |\n| --- | --- |\n"
        + "| CR-DLR-bi | 0.829 |\n" * 12
        + "\nNo **advice**.\n"
    )
)


def explanation(remarks: int) -> dict[str, object]:
    from RadFusionLib.explain import readable

    shares = np.linspace(0.6, -0.5, len(NAMES))
    terms = [
        {"feature": n, "label": readable(n), "unit": UNITS.get(n, ""), "value": 1.0, "contribution": float(s)}
        for n, s in zip(NAMES, shares, strict=True)
    ]
    risk = 1 / (1 + np.exp(-(shares.sum() - 0.4)))
    spread = "Over 20 plausible contours (grown, shrunk, shifted or redrawn within 2 mm) the risk runs from 4 to 9 %."
    volume = Volume(np.zeros((2, 2, 2), dtype=np.float32), Geometry((2, 2, 2)))
    return {
        "case": "patient-017", "outcome": "microvascular invasion", "risk": risk, "risk_low": 0.2, "risk_high": 0.8,
        "level": 0.9, "members": [0.3, 0.7], "group": "high", "threshold": 0.38, "prevalence": 0.36, "base": -0.4,
        "logit": float(shares.sum() - 0.4), "terms": terms, "notices": [], "notice": "Research use only. " * 3,
        "warnings": [f"AP: the intensities are unlike the training cases'; check phase and organ ({i})."
                     for i in range(remarks)],
        "doubt": {"members": {"sentence": spread}, "contours": {"sentence": spread + " Again."}},
        "heatmap": Heatmap(volume, "gradcam").facts(), "bundle": "hcc-mvi-1-small",
    }  # fmt: skip


@pytest.fixture(scope="module")
def overlay(tmp_path_factory) -> Path:
    geometry = Geometry((50, 46, 20), (1.5, 1.5, 3.0))
    k, j, i = np.indices(geometry.shape)
    ball = (k - 10) ** 2 * 4 + (j - 23) ** 2 + (i - 25) ** 2 < 150
    values = np.where(ball, np.float32(i / 50), np.float32(SENTINEL)).astype(np.float32)
    image = Volume(np.random.default_rng(0).normal(100, 10, geometry.shape), geometry)
    path = tmp_path_factory.mktemp("overlay") / "overlay.png"
    return draw_overlay(image, Heatmap(Volume(values, geometry), "gradcam"), {}, "A title", "A notice", path)


def test_a_case_is_one_sheet_of_a4(browser, overlay, tmp_path):
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    for remarks in (0, 12):
        written = write_report(explanation(remarks), CARD, overlay, tmp_path / f"{remarks}.html")
        page.goto(written.as_uri())
        printed = page.pdf(prefer_css_page_size=True, print_background=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
        words = page.inner_text("body")
        assert "Grad-CAM" in words
        assert "no probability and no share of the risk" in words
        assert ("8 more, in explanation.json" in words) == (remarks == 12)
        assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]


@pytest.mark.parametrize("width", [800, 1280, 1920])
def test_a_window_s_page_is_as_wide_as_the_window(browser, overlay, tmp_path, width):
    written = write_report(explanation(2), CARD, overlay, tmp_path / "report.html")
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(written.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_card_s_lines_belong_together():
    """A sentence may run over lines, and a column stands beneath its head."""
    card = "# Title\n\n- One\n- Two **strong**\n\nA sentence over\ntwo lines <b>.\n\n"
    card += "| a | b |\n| --- | --- |\n| 1 | 2 |\nEnd.\n"
    assert card_html(card) == (
        "<h4>Title</h4><ul><li>One</li><li>Two <b>strong</b></li></ul><p>A sentence over two lines &lt;b&gt;.</p>"
        "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table><p>End.</p>"
    )
