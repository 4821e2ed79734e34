"""Pictures of Shapley values: what they say, and that all of it can be read."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.explain import Heatmap, canvas, force, nomogram_drawing, plots
from RadFusionLib.explain.force import draw_force, write_cohort_force_page
from RadFusionLib.explain.labels import readable, shown, valued
from RadFusionLib.explain.nomogram import Nomogram, NomogramVariable
from RadFusionLib.explain.overlay import draw_overlay
from RadFusionLib.explain.plots import Shares, draw_bars, draw_beeswarm, draw_waterfall
from RadFusionLib.explain.shap_library import shap_available

NAMES = (
    "HBP_shell_wavelet-LHL_glszm_ZoneEntropy",
    "AP_tumor_original_firstorder_Mean",
    "PP_tumor_log-sigma-3-0-mm-3D_glrlm_LongRunHighGrayLevelEmphasis",
    "clinical_AFP",
    "clinical_age",
    *(f"PP_shell_wavelet-HHH_gldm_SmallDependenceLowGrayLevelEmphasis{i}" for i in range(6)),
    *(f"HBP_tumor_dlr_{i}" for i in range(9)),
)
NOTICE = (
    "DEMONSTRATION: trained on simulated cases; its risks mean nothing for a patient. Research use only. Not a medical "
    "device. Must not inform diagnosis or treatment."
)


@pytest.fixture
def shares() -> Shares:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(60, len(NAMES)))
    values = z * rng.normal(size=len(NAMES)) * np.linspace(1, 0.1, len(NAMES))
    data = z * np.logspace(-2, 4, len(NAMES))
    data[4, 2] = np.nan
    values[4, 2] = 1.1
    return Shares(NAMES, values, -0.6, data, {"clinical_AFP": "ng/mL", "clinical_age": "years"})


@pytest.fixture
def drawn(monkeypatch) -> list:
    """The figures that were saved, in order."""
    kept: list = []

    def keep(figure, path):
        kept.append(figure)
        return canvas.save(figure, path)

    for module in (plots, force, nomogram_drawing):
        monkeypatch.setattr(module, "save", keep)
    return kept


def texts(figure) -> list:
    from matplotlib.text import Text

    return [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]


def boxes(figure) -> list:
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    found = []
    for text in texts(figure):
        box = text.get_window_extent(renderer)
        found.append((text.get_text(), box))
    return found


def nomogram_of_many(path, **words):
    variables = tuple(
        NomogramVariable(name, readable(name), c, 0.0, 4.0) for name, c in zip(NAMES[:8], range(1, 9), strict=True)
    )
    levels = ((0.0, "round"), (1.0, "lobulated"), (2.0, "irregular"))
    variables += (NomogramVariable("form", "Morphology", 1.5, 0.0, 2.0, "", levels),)
    case = dict.fromkeys(NAMES[:8], 1.3) | {"form": 1.0}
    return draw_nomogram(Nomogram(variables, -20.0), path, case, **words)


draw_nomogram = nomogram_drawing.draw_nomogram

PICTURES = {
    "waterfall": lambda shares, path, **words: draw_waterfall(shares, path, case=4, **words),
    "force": lambda shares, path, **words: draw_force(shares, path, case=4, **words),
    "bars": draw_bars,
    "beeswarm": draw_beeswarm,
    "nomogram": lambda shares, path, **words: nomogram_of_many(path, **words),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_every_text_can_be_read(kind, shares, drawn, tmp_path):
    from PIL import Image

    path = PICTURES[kind](
        shares, tmp_path / "p.png", title=f"Case 12: {kind}, and a title of some length", notice=NOTICE
    )
    found = boxes(drawn[0])
    assert len(found) > 10
    for number, (one, box) in enumerate(found):
        for other, second in found[number + 1 :]:
            width = min(box.x1, second.x1) - max(box.x0, second.x0)
            height = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert min(width, height) < 1.5, (one, other)
    pixels = np.asarray(Image.open(path).convert("L"))
    rim = np.concatenate([pixels[:8].ravel(), pixels[-8:].ravel(), pixels[:, :8].ravel(), pixels[:, -8:].ravel()])
    assert (rim == 255).all()
    assert any("Research use only" in " ".join(text.split()) for text, _ in found)


def words_of(figure) -> str:
    return " ".join(" ".join(t.get_text().split()) for t in texts(figure))


def test_a_waterfall_starts_at_the_mean_and_ends_at_the_case(shares, drawn, tmp_path):
    draw_waterfall(shares, tmp_path / "w.svg", case=4, most=12)
    axes = drawn[0].axes[0]
    bars = sorted(axes.patches, key=lambda p: p.get_y())
    assert len(bars) == 13
    at = shares.base
    for bar in bars:
        assert bar.get_x() == pytest.approx(at)
        at += bar.get_width()
    assert at == pytest.approx(shares.base + shares.values[4].sum())
    widths = [abs(b.get_width()) for b in bars[1:]]
    assert widths == sorted(widths)
    words = words_of(drawn[0])
    assert f"this case {at:+.3f}" in words
    assert "the other 8 features together" in words
    assert "LoG 3.0 mm = not known" in words
    assert f"AFP = {shown(shares.data[4, 3])} ng/mL" in words


def test_shares_that_would_read_zero_are_one_bar_without_a_sign(drawn, tmp_path):
    values = np.array([[-0.363, -0.0004, 0.0001, -0.0001]])
    made_up = Shares(
        ("clinical_AFP", "T2_tumor_dlr_1", "T2_tumor_dlr_2", "T2_tumor_dlr_3"), values, 0.9, np.ones((1, 4))
    )
    draw_waterfall(made_up, tmp_path / "w.svg")
    words = words_of(drawn[0])
    assert "the other 3 features together" in words
    assert "deep feature" not in words
    assert words.startswith("0.000 ")
    assert "-0.000" not in words


def test_a_variable_without_weight_has_one_label_on_the_nomogram(drawn, tmp_path):
    coefficients = {"network": 4.0, "radiomics": 0.004}
    variables = tuple(NomogramVariable(name, name, c, 0.0, 1.0) for name, c in coefficients.items())
    draw_nomogram(Nomogram(variables, -2.0), tmp_path / "n.svg")
    assert [text.get_text() for text in texts(drawn[0])].count("0 to 1") == 1


def test_the_overlay_s_title_may_take_two_lines(monkeypatch, tmp_path):
    from matplotlib.figure import Figure

    kept: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **more: kept.append(figure))
    geometry = Geometry((12, 12, 6))
    ball = np.zeros(geometry.shape, dtype=np.float32)
    ball[3, 6, 6] = 1
    title = (
        "sim2-0000: intrahepatic cholangiocarcinoma, risk 89 % (78 to 95 %), "
        + "regional contribution to the risk, " * 2
    )
    image, regions = Volume(ball, geometry), {"tumor": Volume(ball > 0, geometry)}
    draw_overlay(image, Heatmap(image, "contribution"), regions, title, "A notice", tmp_path / "o.png")
    found = [
        (text, box) for text, box in boxes(kept[0]) if text.startswith(("sim2", "regional", "Outlines", "coronal"))
    ]
    assert len(found) == 4
    for place, (text, box) in enumerate(found):
        assert not [other for other, beside in found[place + 1 :] if box.overlaps(beside)], text


def test_a_force_plot_meets_at_the_case(shares, drawn, tmp_path):
    draw_force(shares, tmp_path / "f.svg", case=4)
    values = shares.values[4]
    at = shares.base + values.sum()
    red = [p.get_xy()[:, 0] for p in drawn[0].axes[0].patches if p.get_facecolor()[0] > 0.5]
    blue = [p.get_xy()[:, 0] for p in drawn[0].axes[0].patches if p.get_facecolor()[0] < 0.5]
    assert len(red) + len(blue) == len(NAMES)
    assert max(x.max() for x in red) == pytest.approx(at)
    assert min(x.min() for x in blue) == pytest.approx(at)
    assert min(x.min() for x in red) == pytest.approx(at - values[values > 0].sum())
    assert max(x.max() for x in blue) == pytest.approx(at - values[values < 0].sum())


def test_bars_are_mean_absolute_values(shares, drawn, tmp_path):
    draw_bars(shares, tmp_path / "b.svg", most=5)
    widths = [bar.get_width() for bar in sorted(drawn[0].axes[0].patches, key=lambda p: -p.get_y())]
    strength = np.sort(np.abs(shares.values).mean(axis=0))[::-1]
    assert widths == pytest.approx([*strength[:5], strength[5:].sum()])


def test_a_beeswarm_shows_every_case_of_every_feature(shares, drawn, tmp_path):
    draw_beeswarm(shares, tmp_path / "s.svg", most=7)
    strength = np.abs(shares.values).mean(axis=0)
    points = [np.asarray(c.get_offsets()) for c in drawn[0].axes[0].collections]
    placed = np.concatenate([p for p in points if len(p)])
    for place, feature in enumerate(np.argsort(-strength)[:7][::-1]):
        row = placed[np.abs(placed[:, 1] - place) < 0.45]
        assert np.sort(row[:, 0]) == pytest.approx(np.sort(shares.values[:, feature]))


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_the_cohorts_page_needs_no_network(shares, tmp_path):
    if not shap_available():
        pytest.skip("the shap library is not set up; run python -m RadFusionLib.explain.shap_library")
    page = write_cohort_force_page(shares, tmp_path / "f.html", title="A <b>cohort</b>", notice="Research use only.")
    text = page.read_text(encoding="utf-8")
    assert "A &lt;b&gt;cohort&lt;/b&gt;" in text
    assert "Research use only." in text
    assert "HBP, shell: GLSZM zone entropy, wavelet LHL" in text
    assert "AdditiveForceArrayVisualizer" in text
    assert "<script src=" not in text
    assert "<link" not in text


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("PP_tumor_log-sigma-3-0-mm-3D_glrlm_RunEntropy", "PP, tumor: GLRLM run entropy, LoG 3.0 mm"),
        ("AP_shell_lbp-3D-m1_firstorder_Mean", "AP, shell: first-order mean, 3D binary pattern, level 1"),
        ("AP_shell_lbp-3D-k_firstorder_Mean", "AP, shell: first-order mean, 3D binary pattern, kurtosis"),
        ("clinical_tumor_size", "tumor size"),
        ("deep_signature", "deep signature"),
        ("a_b_c", "a b c"),
    ],
)
def test_names_of_every_form_are_readable(name, label):
    assert readable(name) == label


@pytest.mark.parametrize(
    ("value", "text"),
    [(412.0, "412"), (20000.4, "20000"), (0.04123456, "0.04123"), (-1.5, "-1.5"), (0.0, "0"), (1.2e-7, "1.2e-07"),
     (np.nan, "not known")],
)  # fmt: skip
def test_numbers_are_shown_as_a_reader_writes_them(value, text):
    assert shown(value) == text
    assert valued("AFP", value, "ng/mL") == f"AFP = {text}{' ng/mL' if np.isfinite(value) else ''}"


def test_shares_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="for 2 features"):
        Shares(("a", "b"), np.ones((3, 2)), 0.0, np.ones((2, 2)))
