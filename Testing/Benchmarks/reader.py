"""How long the browser reader takes to start, and a brush stroke to show at 512 x 512 x 60.

    python Testing/Benchmarks/reader.py [--strokes 10]

It needs Chromium. Times are of the clock; the load of the machine is printed beside them, since others may be using it,
and the processor time that the start took, which depends on that less.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.imaging import write_volume

SIZE = (512, 512, 60)
SPACING = (0.8, 0.8, 3.0)
PHASES = ("AP", "PP", "HBP")
WAIT = 600_000
"""Milliseconds for any one step."""

WATCH = """
() => {
  const image = document.querySelectorAll('.layout-grid-item')[0].querySelector('img');
  const canvas = document.createElement('canvas');
  const yellow = () => {
    canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
    const context = canvas.getContext('2d', {willReadFrequently: true});
    context.drawImage(image, 0, 0);
    const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let count = 0;
    for (let n = 0; n < data.length; n += 4) count += data[n] > 180 && data[n + 1] > 150 && data[n + 2] < 90;
    return count;
  };
  window.frames_seen = [];
  window.pressed = 0;
  image.addEventListener('load', () => window.frames_seen.push([performance.now(), yellow()]));
  document.addEventListener('pointerdown', () => { window.pressed = performance.now(); }, true);
  document.addEventListener('mousedown', () => { window.pressed = window.pressed || performance.now(); }, true);
}
"""
"""Notes the time of every frame of the axial view with its number of outline-coloured pixels, and of the press."""

SHOWN = "window.frames_seen.find(([at, n]) => at > window.pressed && n > window.base + 20)"
"""The first frame after the press with a longer outline."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strokes", type=int, default=10)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), "")
    if not chromium:
        sys.exit("There is no Chromium; apt-get install chromium.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        manifest = _large_case(Path(folder))
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(WAIT)
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "RadFusionLib", "read", "--no-browser", "--manifest", str(manifest)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            address = next(found.group() for line in process.stdout if (found := re.search(r"http://\S+", line)))
            print(
                f"address after {time.monotonic() - begun:.1f} s, {_processor_seconds(process.pid):.1f} s of processor"
            )
            page.goto(address)
            page.get_by_text("RadFusion reader").wait_for()
            print(f"page after {time.monotonic() - begun:.1f} s; load of the machine {os.getloadavg()[0]:.1f}")
            page.get_by_text(re.compile(r"^Tumour: .* ml")).wait_for()
            _strokes(page, options.strokes)
        finally:
            process.terminate()
            process.wait()
        browser.close()


def _large_case(folder: Path) -> Path:
    """A made-up case of 512 x 512 x 60 voxels: a bright liver, a tumour, noise."""
    rng = np.random.default_rng(3)
    geometry = Geometry(SIZE, SPACING, (0.0, 0.0, 0.0))
    k, j, i = np.ogrid[: SIZE[2], : SIZE[1], : SIZE[0]]
    steps = [(axis - (n - 1) / 2) * s for axis, n, s in zip((i, j, k), SIZE, SPACING, strict=True)]
    distance = np.sqrt(sum(step**2 for step in steps))
    masks = {"tumor": distance < 20, "liver": distance < 70}
    row: dict[str, object] = {"case": "large", "simulated": 1}
    for phase in PHASES:
        image = 100 + 100 * masks["liver"] + 60 * masks["tumor"] + rng.normal(0, 10, geometry.shape)
        write_volume(Volume(image.astype(np.float32), geometry), folder / f"{phase}.nrrd")
        row[f"image:{phase}"] = f"{phase}.nrrd"
    for region, mask in masks.items():
        write_volume(Volume(mask, geometry), folder / f"{region}.nrrd")
        row[f"mask:{region}"] = f"{region}.nrrd"
    pd.DataFrame([row]).to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv"


def _processor_seconds(pid: int) -> float:
    """Of a process and those it started, on Linux."""
    ticks = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(place.name) == pid or int(fields[1]) == pid:
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _strokes(page: Any, count: int) -> None:
    """Press the brush at places around the tumour, and wait for the first frame with a longer outline."""
    page.get_by_role("button", name="Paint (2)").click()
    page.get_by_text("Brush size").first.wait_for()
    page.wait_for_timeout(5000)
    page.evaluate(WATCH)
    box = page.locator(".layout-grid-item").first.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    taken = []
    for number in range(count):
        angle = 2 * np.pi * number / count
        page.mouse.move(middle[0] + 110 * np.cos(angle), middle[1] + 110 * np.sin(angle))
        page.wait_for_timeout(4000)
        page.evaluate("() => { window.pressed = 0; window.base = (window.frames_seen.at(-1) || [0, 0])[1]; }")
        page.mouse.down()
        page.wait_for_function(f"() => {SHOWN} !== undefined")
        page.mouse.up()
        taken.append(page.evaluate(f"() => {SHOWN}[0] - window.pressed"))
    print(
        f"brush to screen: median {statistics.median(taken):.0f} ms, {min(taken):.0f} to {max(taken):.0f} ms "
        f"({count} strokes); load of the machine {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
