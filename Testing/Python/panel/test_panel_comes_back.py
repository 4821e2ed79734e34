"""What a scene keeps of a result: after loading, the pictures and what-if are there again, or it is said why not."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from person import paint, predict, put

PICTURES = ("waterfall", "nomogram")


@pytest.fixture
def own_bundle(bundle_path: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to be taken away or replaced."""
    return Path(shutil.copy(bundle_path, tmp_path / "own.radfusion"))


@pytest.fixture
def saved(window: Any, cases: list[Any], own_bundle: Path, tmp_path: Path) -> tuple[Path, Any, dict[str, Any]]:
    """A scene with a prediction; what was shown of it; its pictures and its what-if at another AFP."""
    from RadFusionLib.scene import save_scene

    put(window, cases[0], own_bundle)
    shown = predict(window)
    before = {name: _picture(window, name) for name in PICTURES}
    path = save_scene(tmp_path / "case.mrb", window.scene)
    before["what if"] = _what_if(window)
    return path, shown, before


@pytest.fixture
def another(radfusion: Any, saved: Any, window: Any) -> Iterator[Any]:
    """Another window, with a process of its own, as after a new start."""
    from window import Window

    window.scene.Clear(0)
    window.close()
    opened = Window(radfusion)
    yield opened
    opened.close()
    # The fixture of the first window closes it again.
    window._patches.clear()


def _picture(window: Any, name: str) -> Any:
    return getattr(window.ui, f"{name}Picture").pixmap.toImage()


def _what_if(window: Any, afp: str = "400") -> Any:
    """What another AFP gives: the numbers, the page and the nomogram."""
    said: list[Any] = []
    show = window.panel.result.showWhatIf
    window.panel.result.showWhatIf = lambda prediction, clinical: (said.append(prediction), show(prediction, clinical))
    try:
        window.type("AFP", afp)
    finally:
        window.panel.result.showWhatIf = show
    return said[-1], window.ui.resultLabel.text, _picture(window, "nomogram")


def _load(window: Any, path: Path) -> None:
    from RadFusionLib.scene import load_scene

    load_scene(path, window.scene)
    window.rest()
    window.wait_for_work()
    window.rest()


def _is_there(window: Any, shown: Any, before: dict[str, Any]) -> None:
    assert window.errors == []
    assert window.panel.result.shown.risk == pytest.approx(shown.risk, abs=1e-12)
    assert f"{100 * shown.risk:.1f} %" in window.ui.resultLabel.text
    assert window.ui.staleLabel.text == ""
    for tab, name in enumerate(PICTURES, start=1):
        assert window.ui.pictures.isTabEnabled(tab), name
        assert _picture(window, name) == before[name]
    found, page, nomogram = _what_if(window)
    expected, expected_page, expected_nomogram = before["what if"]
    for number in ("risk", "risk_low", "risk_high", "model_spread"):
        assert getattr(found, number) == pytest.approx(getattr(expected, number), abs=1e-6)
    assert abs(found.risk - shown.risk) > 1e-3
    assert found.explanation["doubt"] == expected.explanation["doubt"]
    assert page == expected_page
    assert nomogram == expected_nomogram
    assert nomogram != before["nomogram"]


def test_after_closing_and_loading(window: Any, saved: Any) -> None:
    path, shown, before = saved
    window.scene.Clear(0)
    window.rest()
    assert not window.ui.pictures.isVisibleTo(window.ui.resultCollapsibleButton)
    _load(window, path)
    _is_there(window, shown, before)


def test_after_a_new_start_nothing_has_to_be_pressed(saved: Any, another: Any) -> None:
    path, shown, before = saved
    _load(another, path)
    _is_there(another, shown, before)
    # A new prediction is the same, and what was kept is not patient data but numbers of a sane size.
    again = predict(another)
    assert another.panel.clinical.values()["AFP"] == 400
    assert again.risk == pytest.approx(before["what if"][0].risk, abs=1e-6)
    assert len(another.chosen.lastPrediction) < 500_000


def test_after_reloading_the_module(window: Any, saved: Any, radfusion: Any, work: Any) -> None:
    """The scene stays, the window is made anew; the values typed last are still in the form, and their risk shown."""
    from window import Window

    _, shown, before = saved
    window.close()
    again = Window(radfusion, work)
    try:
        again.rest()
        again.wait_for_work()
        again.rest()
        assert again.errors == []
        assert again.panel.result.shown.risk == pytest.approx(shown.risk, abs=1e-12)
        assert again.ui.resultLabel.text == before["what if"][1]
        assert _picture(again, "waterfall") != before["waterfall"]
        assert _picture(again, "nomogram") == before["what if"][2]
    finally:
        again.close()
        window._patches.clear()


def test_what_has_changed_since_is_said(window: Any, saved: Any) -> None:
    path, _, _ = saved
    window.scene.Clear(0)
    _load(window, path)
    paint(window)
    window.rest()
    assert "The tumour or the liver has changed" in window.ui.staleLabel.text


def test_another_bundle_under_the_same_name(saved: Any, another: Any, own_bundle: Path) -> None:
    from RadFusionLib.bundle import Bundle

    path, shown, before = saved
    bundle = Bundle.load(own_bundle)
    dataclasses.replace(bundle, card=f"{bundle.card}\nTrained again.\n").save(own_bundle)
    _load(another, path)
    assert another.errors == []
    assert another.panel.result.shown.risk == pytest.approx(shown.risk, abs=1e-12)
    assert another.ui.staleLabel.text == "Another bundle was chosen. Predict again."
    # The addends are the prediction's own; the nomogram would be the other bundle's.
    assert _picture(another, "waterfall") == before["waterfall"]
    assert not another.ui.pictures.isTabEnabled(2)
    another.type("AFP", "400")
    assert "since this result was saved. Predict again." in another.ui.resultLabel.text


def test_a_bundle_that_is_gone(saved: Any, another: Any, own_bundle: Path, bundle_path: Path) -> None:
    path, shown, before = saved
    own_bundle.unlink()
    _load(another, path)
    assert another.errors == []
    assert f"{100 * shown.risk:.1f} %" in another.ui.resultLabel.text
    assert another.ui.staleLabel.text.startswith("Read the bundle of this result to see its pictures")
    # The same bundle elsewhere serves.
    another.ui.bundlePath.currentPath = str(bundle_path)
    another.press("readBundleButton")
    another.wait_for_work()
    another.rest()
    _is_there(another, shown, before)


def test_a_text_that_was_altered_is_as_no_prediction(window: Any, saved: Any) -> None:
    path, _, _ = saved
    window.scene.Clear(0)
    _load(window, path)
    for text, errors in (
        ("{", 0),
        ('{"explanation": {}, "asked": {}}', 0),
        (window.chosen.lastPrediction.replace('"names"', '"nouns"'), 1),
    ):
        window.errors.clear()
        window.chosen.lastPrediction = text
        window.rest()
        window.wait_for_work()
        assert len(window.errors) == errors, text[:40]
        assert all("predict the case again" in sentence for sentence in window.errors)
    assert predict_after(window)


def predict_after(window: Any) -> bool:
    """Whether a prediction works after all that."""
    window.errors.clear()
    return bool(predict(window).risk > 0)
