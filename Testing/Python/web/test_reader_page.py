"""The reader as a person uses it: Chromium, a mouse, and what can be seen on the screen."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import RadFusionLib
from RadFusionLib.bundle import Bundle
from RadFusionLib.cohort import load_case, read_manifest
from RadFusionLib.scene import case_from_scene, load_scene, private_scene

WAIT = 120_000
"""Milliseconds: others may be using this machine."""


@pytest.fixture(scope="module")
def address(serve_reader: Callable[..., str], bundle_path: Path, cohort: Path) -> str:
    return serve_reader("--bundle", str(bundle_path), "--manifest", str(cohort))


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    yield from _visit(browser, address)


@pytest.fixture
def slow_page(browser: Any, serve_reader: Callable[..., str], slow_bundle_path: Path, cohort: Path) -> Iterator[Any]:
    """The reader with a bundle whose predictions go on until somebody cancels them."""
    yield from _visit(browser, serve_reader("--bundle", str(slow_bundle_path), "--manifest", str(cohort)))


def _visit(browser: Any, address: str) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    strangers: list[str] = []
    faults: list[str] = []
    opened.on("request", lambda request: strangers.append(request.url) if not _own(request.url) else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(address)
    opened.get_by_text("RadFusion reader").wait_for(timeout=WAIT)
    yield opened
    opened.close()
    assert strangers == [], "the page asks nobody else for anything"
    assert faults == []


def _own(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))


def _pixels(page: Any, view: int) -> np.ndarray:
    """What a view shows, shape (height, width, 3): 0 axial, 1 3D, 2 coronal, 3 sagittal."""
    from PIL import Image

    shot = page.locator(".layout-grid-item").nth(view).screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


def _yellow(pixels: np.ndarray) -> int:
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return int(((red > 180) & (green > 150) & (blue < 90)).sum())


def _coloured(pixels: np.ndarray) -> int:
    """Pixels on the heatmap's scale: reddish or bluish, neither grey nor an outline's full colour."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    reddish = (red - green > 25) & (abs(green - blue) < 60) & (red > 100)
    bluish = (blue - red > 20) & (blue - green > 8)
    return int((reddish | bluish).sum())


def _until(condition: Callable[[], bool], seconds: float = WAIT / 1000) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def _open(page: Any, number: int) -> None:
    """Choose a case in the list, unfolding the step if it is folded."""
    listed = page.locator(".reader-case-list")
    if not listed.is_visible():
        page.get_by_role("button", name="1 Case").click()
    listed.click()
    page.get_by_role("option", name=f"c{number}", exact=True).click()
    page.locator(".reader-title", has_text=re.compile(f"^c{number}$")).wait_for(timeout=WAIT)


def _stroke(page: Any, view: int, by: tuple[float, float]) -> None:
    """Paint from the middle of a view, pixel by pixel as a hand does."""
    box = page.locator(".layout-grid-item").nth(view).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x + by[0] * step / 10, y + by[1] * step / 10)
    page.mouse.up()


def _volume(page: Any) -> float:
    text = page.get_by_text(re.compile("^Tumour: ")).inner_text()
    return float(re.search(r"([\d.]+) ml", text).group(1))  # type: ignore[union-attr]


def test_the_story(page: Any, bundle_path: Path, cohort: Path, tmp_path: Path, root: Path) -> None:
    """Load, paint, shell, predict, heatmap in pixels, save, and open what was saved."""
    _open(page, 3)
    _until(lambda: _yellow(_pixels(page, 0)) > 40)
    _until(lambda: "ml" in page.get_by_text(re.compile("^Tumour: ")).inner_text())
    before, outlined = _volume(page), _yellow(_pixels(page, 0))
    green = page.locator(".v-chip", has_text="shell")
    green.wait_for(timeout=WAIT)

    page.get_by_role("button", name="Paint (2)").click()
    # The tool is in the hand once its panel is there.
    page.get_by_text("Brush size").first.wait_for(timeout=WAIT)
    # From the middle of the tumour, of some 50 pixels' radius, well beyond its edge.
    _stroke(page, 0, (80, 0))
    _until(lambda: _volume(page) > before + 0.2)
    page.keyboard.press("Escape")
    _until(lambda: _yellow(_pixels(page, 0)) != outlined)
    painted = _volume(page)
    page.keyboard.press("z")
    _until(lambda: abs(_volume(page) - before) < 1e-6)
    page.keyboard.press("y")
    _until(lambda: abs(_volume(page) - painted) < 1e-6)

    plain = _coloured(_pixels(page, 0))
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator(".reader-legend").wait_for(timeout=WAIT)
    risk = page.locator(".reader-risk")
    risk.wait_for(timeout=WAIT)
    shown = float(risk.inner_text().split()[0])
    _until(lambda: _coloured(_pixels(page, 0)) > plain + 300)
    overlaid = _coloured(_pixels(page, 0))
    page.keyboard.press("t")
    _until(lambda: _coloured(_pixels(page, 0)) < overlaid - 200)
    page.keyboard.press("t")
    notice = Bundle.load(bundle_path).notice
    assert page.get_by_text(notice).first.is_visible()
    for width, height in ((1280, 800), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(1500)
        _nothing_is_clipped(page)
        folder = root / "build"
        folder.mkdir(exist_ok=True)
        page.screenshot(path=str(folder / f"reader-{width}x{height}.png"))
    page.set_viewport_size({"width": 1280, "height": 800})

    with page.expect_download(timeout=WAIT) as scene:
        page.get_by_role("button", name="Scene").click()
    scene.value.save_as(tmp_path / "scene.mrb")
    with page.expect_download(timeout=WAIT) as report:
        page.get_by_role("button", name="Report").click()
    report.value.save_as(tmp_path / "report.html")
    assert f"{shown:.1f} %" in (tmp_path / "report.html").read_text(encoding="utf-8")

    with private_scene() as opened:
        load_scene(tmp_path / "scene.mrb", opened)
        saved = case_from_scene(opened)
        assert opened.GetFirstNodeByName("c3 heatmap") is not None
    bundle = Bundle.load(bundle_path)
    original = load_case(read_manifest(cohort).row("c3"), bundle.recipe.phases)
    tumor = next(mask for key, mask in saved.masks.items() if key.region == "tumor")
    drawn = next(mask for key, mask in original.masks.items() if key.region == "tumor")
    assert tumor.array.sum() > drawn.array.sum()
    assert RadFusionLib.predict(bundle, saved, heatmap=False).risk * 100 == pytest.approx(shown, abs=0.051)


def _nothing_is_clipped(page: Any) -> None:
    """No text is wider than its box, and nothing of the legend or the footer lies outside the window."""
    clipped = page.evaluate(
        """() => [...document.querySelectorAll('.reader-drawer *, .reader-legend *, .reader-notice *')]
          .filter((e) => e.childElementCount === 0 && e.textContent.trim() && e.clientWidth > 0)
          .filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow !== 'visible')
          .map((e) => e.textContent.trim())"""
    )
    assert clipped == []
    outside = page.evaluate(
        """() => [...document.querySelectorAll('.reader-legend, .reader-legend *, .v-footer, .v-footer *')]
          .map((e) => e.getBoundingClientRect())
          .filter((b) => b.width && (b.right > innerWidth + 1 || b.bottom > innerHeight + 1 || b.left < 0)).length"""
    )
    assert outside == 0


def test_a_case_by_upload(page: Any, cohort: Path) -> None:
    """Files chosen in the page become a case with the same tumour as in the manifest."""
    _open(page, 2)
    _until(lambda: "ml" in page.get_by_text(re.compile("^Tumour: ")).inner_text())
    listed = _volume(page)
    row = read_manifest(cohort).row("c2")
    files = [(f"{phase}.nrrd", path) for phase, path in row.images.items()]
    files += [(f"{key.region}.nrrd", Path(path)) for key, path in row.masks.items() if not key.reader]
    chosen = [{"name": name, "mimeType": "", "buffer": path.read_bytes()} for name, path in files]
    page.get_by_role("button", name="Add a case").click()
    page.get_by_label("Name of the case").fill("uploaded")
    page.locator("input[type=file]").first.set_input_files(chosen)
    page.locator(".reader-title", has_text="uploaded").wait_for(timeout=WAIT)
    _until(lambda: "ml" in page.get_by_text(re.compile("^Tumour: ")).inner_text())
    assert _volume(page) == listed
    assert "HBP is HBP.nrrd" in page.locator(".reader-info").inner_text()
    assert page.locator(".reader-error").count() == 0
    page.get_by_role("button", name="Add a case").click()
    page.get_by_label("Name of the case").fill("half")
    page.locator("input[type=file]").first.set_input_files(chosen[:1])
    page.locator(".reader-error", has_text="No file of half is named after the phase").wait_for(timeout=WAIT)


def test_the_dialog_closes_whatever_the_server_hears_of_first(page: Any) -> None:
    _open(page, 2)
    page.route("**/upload*", lambda route: route.fulfill(status=204))
    page.get_by_role("button", name="Add a case").click()
    page.get_by_label("Name of the case").fill("never")
    page.locator("input[type=file]").first.set_input_files([{"name": "AP.nrrd", "mimeType": "", "buffer": b"no"}])
    page.locator(".reader-new-case").wait_for(state="hidden", timeout=WAIT)
    page.unroute("**/upload*")
    assert page.locator(".reader-title", has_text="never").count() == 0


def _add_by_hand(page: Any, name: str, which: str, chosen: Any) -> None:
    """Add a case as a hand does: press *Files* or *Folder*, and choose in the browser's own window."""
    if not page.get_by_role("button", name="Add a case").is_visible():
        page.get_by_role("button", name="1 Case").click()
    page.get_by_role("button", name="Add a case").click()
    page.get_by_label("Name of the case").fill(name)
    with page.expect_file_chooser(timeout=WAIT) as chooser:
        page.locator(".reader-choose", has_text=which).click()
    chooser.value.set_files(chosen)
    page.locator(".reader-title", has_text=re.compile(f"^{name}$")).wait_for(timeout=WAIT)


def test_a_saved_scene_that_is_added_shows_its_result(
    page: Any, browser: Any, serve_reader: Callable[..., str], bundle_path: Path, tmp_path: Path
) -> None:
    """Saved and chosen with the mouse; opened by another reader, which knows nothing of the first."""

    def read(opened: Any) -> list[str]:
        texts = []
        for what in (".reader-risk", ".reader-axis + div", ".reader-nomogram", ".reader-legend"):
            texts += opened.locator(what).all_inner_texts()
        return [*texts, *opened.locator(".reader-result .reader-term").all_inner_texts()]

    def what_if(opened: Any) -> list[str]:
        before = opened.locator(".reader-risk").inner_text()
        field = opened.get_by_label("AFP")
        if not field.is_visible():
            opened.get_by_role("button", name="4 Clinical values").click()
        field.fill("190")
        _until(lambda: opened.locator(".reader-risk").inner_text() != before)
        return [*read(opened), opened.locator(".reader-what-if").inner_text()]

    _open(page, 1)
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator(".reader-legend").wait_for(timeout=WAIT)
    with page.expect_download(timeout=WAIT) as scene:
        page.get_by_role("button", name="Scene").click()
    scene.value.save_as(tmp_path / "scene.mrb")
    shown = read(page)
    assert len(shown) > 6
    changed = what_if(page)
    other = _visit(browser, serve_reader("--bundle", str(bundle_path)))
    opened = next(other)
    try:
        opened.get_by_text(re.compile(r"^Tumour: .* ml")).wait_for(timeout=WAIT)
        plain = _coloured(_pixels(opened, 0))
        _add_by_hand(opened, "come-back", "Files", tmp_path / "scene.mrb")
        opened.locator(".reader-legend").wait_for(timeout=WAIT)
        assert opened.locator(".reader-error").count() == 0
        assert "opened as it was saved" in opened.locator(".reader-info").inner_text()
        assert read(opened) == shown
        _until(lambda: _coloured(_pixels(opened, 0)) > plain + 300)
        assert what_if(opened) == changed
    finally:
        for _ in other:
            pass


def test_what_if_changes_the_risk_in_the_page(page: Any) -> None:
    _open(page, 4)
    page.get_by_role("button", name="Predict", exact=True).click()
    risk = page.locator(".reader-risk")
    risk.wait_for(timeout=WAIT)
    predicted = risk.inner_text()
    page.get_by_role("button", name="4 Clinical values").click()
    for name in ("age", "hepatitis"):
        assert page.locator(".reader-clinical label", has_text=f"{name} (not used by this model)").count(), name
    assert page.locator(".reader-clinical label", has_text=re.compile("^AFP$")).count()
    field = page.get_by_label("AFP")
    field.fill("190")
    _until(lambda: risk.inner_text() != predicted)
    assert "AFP changed" in page.locator(".reader-what-if").inner_text()
    assert "= 190 ng/mL" in page.locator(".reader-nomogram").inner_text()
    field.fill("much")
    page.get_by_text("Enter a number.", exact=True).wait_for(timeout=WAIT)


def test_cancel_close_and_the_next_case(slow_page: Any) -> None:
    """While a prediction runs the page goes on answering: the brush paints, and Cancel is heard."""
    page = slow_page
    _open(page, 5)
    _until(lambda: "ml" in page.get_by_text(re.compile("^Tumour: ")).inner_text())
    page.get_by_role("button", name="Paint (2)").click()
    page.get_by_text("Brush size").first.wait_for(timeout=WAIT)
    before = _volume(page)
    page.get_by_role("button", name="Predict", exact=True).click()
    page.get_by_text(re.compile("^Heatmap: [1-9]")).wait_for(timeout=WAIT)
    _stroke(page, 0, (80, 0))
    _until(lambda: _volume(page) > before + 0.2)
    page.get_by_role("button", name="Cancel").click(timeout=WAIT)
    page.locator(".reader-info", has_text="Cancelled").wait_for(timeout=WAIT)
    assert page.locator(".reader-legend").count() == 0
    page.get_by_role("button", name="Next case").click()
    page.locator(".reader-title", has_text=re.compile("^c6$")).wait_for(timeout=WAIT)
    page.get_by_role("button", name="Predict", exact=True).click()
    page.get_by_text(re.compile("^Heatmap: [1-9]")).wait_for(timeout=WAIT)
    page.get_by_role("button", name="Close case").click()
    page.get_by_text("Open a case to draw its tumour.").wait_for(timeout=WAIT)
    page.wait_for_timeout(1500)
    assert page.locator(".reader-error").count() == 0
    assert page.locator(".reader-legend").count() == 0
    _open(page, 7)
    assert page.locator(".reader-error").count() == 0
