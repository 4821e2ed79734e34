"""The pictures of the README and of the tutorial: the browser reader on the built-in simulated case.

    python Testing/Pictures/reader_pictures.py [--out docs] [--only README|tutorial]

It needs Chromium (apt-get install chromium) and the packages of the tests. The case and the bundle are simulated: no
picture shows a patient.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZES = ((1280, 800), (1920, 1080))
WAIT = 300_000
"""Milliseconds for any one step."""

FOLDED = 20_000
"""Milliseconds for a step to open or close."""

LOOK = 250
"""Milliseconds between two looks."""

TRIES = 3
"""Clicks on a step."""

PAUSE = 1_500
"""Milliseconds until the server's word on a click has come."""

SEGMENT, CLINICAL = "2 Segment", "4 Clinical values"

COLORFUL = 60
"""From what difference of red, green and blue a pixel has a colour of its own and is no grey."""


def main() -> None:
    """Start the reader, go through the steps, and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[2] / "docs")
    parser.add_argument("--only", choices=("README", "tutorial"))
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not chromium:
        sys.exit("There is no Chromium; apt-get install chromium.")
    process = subprocess.Popen(
        [sys.executable, "-m", "RadFusionLib", "read", "--no-browser"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = next(found.group() for line in process.stdout if (found := re.search(r"http://\S+", line)))
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(WAIT)
            page.goto(address)
            _story(page, options.out, options.only != "README", options.only != "tutorial")
            browser.close()
    finally:
        process.terminate()
        process.wait()


def _story(page: Any, out: Path, tutorial: bool, readme: bool) -> None:
    page.get_by_text(re.compile(r"^Tumour: .* ml")).wait_for()
    if tutorial:
        _save(page, out / "tutorial-case.png")
        page.get_by_role("button", name="Paint (2)").click()
        page.get_by_text("Brush size").first.wait_for()
        _save(page, out / "tutorial-segment.png")
        page.keyboard.press("Escape")
        # The steps below move up when the brush is put away.
        page.get_by_text("Brush size").first.wait_for(state="hidden")
        _fold(page, CLINICAL, True)
        _fold(page, SEGMENT, False)
        _save(page, out / "tutorial-clinical.png", CLINICAL)
    if not readme:
        return
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator(".reader-legend").wait_for()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        _save(page, out / f"reader-{width}x{height}.png")


def _fold(page: Any, step: str, opened: bool) -> None:
    """Open or close a step with the mouse, and wait until the page shows it so; end where it does not come about."""
    for _ in range(TRIES):
        if not _is(page, step, opened):
            page.get_by_role("button", name=step).click()
        # A click may miss a step that has just moved, and what it did also goes to the server and comes back.
        if _becomes(page, step, opened):
            page.wait_for_timeout(PAUSE)
            if _is(page, step, opened):
                return
    sys.exit(f"The step {step} is not {'open' if opened else 'closed'}; no picture was made of it.")


def _becomes(page: Any, step: str, opened: bool) -> bool:
    for _ in range(FOLDED // LOOK):
        if _is(page, step, opened):
            return True
        page.wait_for_timeout(LOOK)
    return False


def _is(page: Any, step: str, opened: bool) -> bool:
    """Whether a step is open, with what is in it in sight, or closed."""
    panel = page.locator(".v-expansion-panel", has=page.get_by_role("button", name=step))
    said = panel.locator(f'[aria-expanded="{str(opened).lower()}"]').count() == 1
    return said and panel.locator(".v-expansion-panel-text__wrapper").is_visible() is opened


def _save(page: Any, path: Path, opened: str = "") -> None:
    """Save a picture; with a step that is to be seen in it, only where it is."""
    _until_still(page)
    if opened and not _is(page, opened, True):
        sys.exit(f"The step {opened} is not open; no picture was made of it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(palette=_palette(picture), dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path} ({path.stat().st_size // 1000} kB)")


def _palette(picture: Image.Image) -> Image.Image:
    """Half of the 256 colours for the greys and half for the rest, which a common palette would lose."""
    pixels = np.asarray(picture).reshape(-1, 3)
    colorful = np.ptp(pixels.astype(int), axis=1) > COLORFUL
    halves = [Image.fromarray(pixels[which][None]).quantize(128).getpalette() for which in (colorful, ~colorful)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for half in halves for value in (half or [])[:384]])
    return palette


def _until_still(page: Any, same: int = 5) -> None:
    """Wait until several looks in a row see the same, for views are drawn coarsely first."""
    last, seen = b"", 0
    look: Callable[[], bytes] = page.screenshot
    for _ in range(40):
        page.wait_for_timeout(1500)
        now = look()
        seen = seen + 1 if now == last else 0
        if seen == same:
            return
        last = now


if __name__ == "__main__":
    main()
