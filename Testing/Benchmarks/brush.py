"""How soon a brush stroke shows in the browser reader.

    python Testing/Benchmarks/brush.py [--size 512 512 60] [--strokes 3]

Chromium (apt-get install chromium) opens a made-up case, and its mouse paints in the axial view as a hand does: 40
moves of 3 pixels, one every 40 ms. The page's own clock says when each move came and when the frame began that shows
the brush there; and, for the end of a stroke, when the frame began that shows it painted into the tumour. Reader,
browser and this command share the machine; its load stands beside the figures.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.imaging import write_volume

STEP, PAUSE, MOVES = 3, 0.04, 40
"""Pixels and seconds between the moves of a stroke, and their number."""

WAIT = 300_000
"""Milliseconds for any one step of the page."""

WATCH = """
() => {
  const view = document.querySelector('.layout-grid-item');
  const seen = window.seen = {frames: [], moves: [], ends: [], row: 0};
  const canvas = document.createElement('canvas');
  view.addEventListener('load', (event) => {
    const picture = event.target, wide = picture.naturalWidth;
    [canvas.width, canvas.height] = [wide, picture.naturalHeight];
    const pen = canvas.getContext('2d', {willReadFrequently: true});
    pen.drawImage(picture, 0, 0);
    const pixels = pen.getImageData(0, seen.row - 2, wide, 5).data;
    let edge = -1, filled = 0;
    for (let column = 0; column < wide; column++) {
      let yellow = 0;
      for (let row = 0; row < 5; row++) {
        const first = 4 * (row * wide + column);
        yellow = Math.max(yellow, Math.min(pixels[first], pixels[first + 1]) - pixels[first + 2]);
      }
      if (yellow > 60) edge = column;
      if (yellow > 25) filled++;
    }
    requestAnimationFrame(() => seen.frames.push({at: performance.now(), edge, filled}));
  }, true);
  window.addEventListener('pointermove', (event) => seen.moves.push({at: performance.now(), x: event.clientX}), true);
  window.addEventListener('pointerup', () => seen.ends.push(performance.now()), true);
}
"""
"""What each frame of the axial view shows in the brush's row: the last column of the brush's yellow, and how many
columns are tinted by what is being painted."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=3, default=(512, 512, 60), metavar=("I", "J", "K"))
    parser.add_argument("--strokes", type=int, default=3)
    parser.add_argument("--address", help="of a reader that runs already, on a case like the one made here")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not chromium:
        sys.exit("There is no Chromium; apt-get install chromium.")
    with tempfile.TemporaryDirectory() as folder:
        process, address = None, options.address
        if not address:
            process, address = _serve(_case(tuple(options.size), Path(folder)))
        try:
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.set_default_timeout(WAIT)
                page.goto(address)
                moves, ends = _paint(page, options.strokes)
                browser.close()
        finally:
            if process is not None:
                process.terminate()
                process.wait()
    load = f"load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"
    for words, waits in (("a move of the brush shows", moves), ("a finished stroke is painted", ends)):
        print(
            f"{words} after {np.median(waits):.0f} ms (median of {len(waits)}; 90 % within "
            f"{np.quantile(waits, 0.9):.0f} ms, all within {max(waits):.0f} ms); {load}"
        )


def _case(size: tuple[int, int, int], folder: Path) -> Path:
    """Write a body with a liver and a tumour in it, the same in every phase, and return its manifest."""
    grid = Geometry(size, (384 / size[0], 384 / size[1], 180 / size[2]))
    k, j, i = np.ogrid[tuple(slice(0, 1, complex(0, n)) for n in grid.shape)]

    def ellipsoid(middle: tuple[float, float, float], radii: tuple[float, float, float]) -> np.ndarray:
        x, y, z = ((axis - m) / r for axis, m, r in zip((i, j, k), middle, radii, strict=True))
        return np.broadcast_to(x**2 + y**2 + z**2 < 1, grid.shape)

    body = ellipsoid((0.5, 0.5, 0.5), (0.45, 0.35, 5.0))
    liver = ellipsoid((0.38, 0.48, 0.5), (0.24, 0.24, 0.42))
    tumor = ellipsoid((0.36, 0.48, 0.5), (0.05, 0.05, 0.12))
    grain = np.random.default_rng(1).normal(0, 12, grid.shape)
    write_volume(Volume((100 * body + 80 * liver + 60 * tumor + grain).astype(np.int16), grid), folder / "image.nrrd")
    write_volume(Volume(liver.copy(), grid), folder / "liver.nrrd")
    write_volume(Volume(tumor.copy(), grid), folder / "tumor.nrrd")
    manifest = folder / "manifest.csv"
    manifest.write_text(
        "case,simulated,image:AP,image:PP,image:HBP,mask:tumor,mask:liver\n"
        "large,1,image.nrrd,image.nrrd,image.nrrd,tumor.nrrd,liver.nrrd\n"
    )
    return manifest


def _serve(manifest: Path) -> tuple[subprocess.Popen[str], str]:
    words = [sys.executable, "-m", "RadFusionLib", "read", "--no-browser", "--manifest", str(manifest)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, next(found.group() for line in process.stdout if (found := re.search(r"http://\S+", line)))


def _paint(page: Any, strokes: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each move until the brush is seen there, and of each end of a stroke until it is painted."""
    page.get_by_text(re.compile(r"^Tumour: .* ml")).wait_for()
    page.get_by_role("button", name="Paint (2)").click()
    page.get_by_text("Brush size").first.wait_for()
    page.evaluate(WATCH)
    box = page.locator(".layout-grid-item").first.bounding_box()
    x, y = box["x"] + 0.45 * box["width"], box["y"] + 0.5 * box["height"]
    page.evaluate("row => window.seen.row = row", round(0.5 * box["height"]))
    moves: list[float] = []
    ends: list[float] = []
    for _ in range(strokes):
        page.mouse.move(x, y)
        _until_still(page)
        page.mouse.down()
        _until_still(page)
        page.evaluate("Object.assign(window.seen, {frames: [], moves: [], ends: []})")
        for number in range(1, MOVES + 1):
            page.mouse.move(x + STEP * number, y)
            time.sleep(PAUSE)
        _until_still(page)
        seen = page.evaluate("window.seen")
        moves += _waits_of_moves(seen)
        page.mouse.up()
        _until_still(page)
        ends.append(_wait_of_end(page.evaluate("window.seen"), seen["frames"][-1]["filled"]))
        page.keyboard.press("z")
        _until_still(page)
    return moves, ends


def _waits_of_moves(seen: Any) -> list[float]:
    """The brush's edge is as far before the mouse in every frame as in the last, when all has come to rest."""
    frames, moves = seen["frames"], seen["moves"]
    ahead = frames[-1]["edge"] - moves[-1]["x"]
    waits = []
    for move in moves:
        shown = [f["at"] for f in frames if f["at"] > move["at"] and f["edge"] - ahead >= move["x"] - STEP / 2]
        waits.append(shown[0] - move["at"])
    return waits


def _wait_of_end(seen: Any, filled: int) -> float:
    """What was tinted while it was being painted is not, once it is part of the tumour."""
    (end,) = seen["ends"]
    return next(f["at"] for f in seen["frames"] if f["at"] > end and f["filled"] < filled / 2) - end


def _until_still(page: Any, still_ms: int = 1000) -> None:
    """Wait until the axial view has had no new frame for a while."""
    count = -1
    while (now := page.evaluate("window.seen.frames.length")) != count:
        count = now
        page.wait_for_timeout(still_ms)


if __name__ == "__main__":
    main()
