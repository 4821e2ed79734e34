"""radfusion evaluate on images: readings, features, exit codes, and nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from RadFusionLib.case import Volume
from RadFusionLib.cli import main
from RadFusionLib.imaging import read_image, write_volume

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def everybody(cohort: Path) -> Path:
    """24 made-up cases to train on, four for a test; a second reader draws like the first."""
    frame = pd.read_csv(cohort, dtype=str)
    parts = [frame.assign(split="train")]
    rng = np.random.default_rng(8)
    for name, rows, split in (("more", range(12), "train"), ("other", range(4), "test")):
        part = frame.iloc[list(rows)].assign(split=split)
        for row, file in part["image:AP"].items():
            volume = read_image(cohort.parent / file)
            noise = rng.normal(0, 2, volume.array.shape).astype(np.float32)
            part.loc[row, "image:AP"] = f"{name}-{row}.nrrd"
            write_volume(Volume(volume.array + noise, volume.geometry), cohort.parent / f"{name}-{row}.nrrd")
        parts.append(part.assign(case=f"{name}-" + part["case"]))
    frame = pd.concat(parts)
    frame["mask:tumor@2"] = frame["mask:tumor"]
    frame["mask:tumor@1.2"] = [path if i < 2 else "" for i, path in enumerate(frame["mask:tumor"])]
    path = cohort.parent / "everybody.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def trained(everybody: Path, quick_recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A bundle of its training cases, and the features of all."""
    folder = tmp_path_factory.mktemp("trained")
    features, bundle = folder / "features.parquet", folder / "quick.radfusion"
    common = ["--recipe", str(quick_recipe), "--manifest", str(everybody), "--quiet"]
    assert main(["extract", *common, "--out", str(features)]) == 0
    assert main(["train", *common, "--features", str(features), "--out", str(bundle)]) == 0
    return bundle, features


def words(bundle: Path, manifest: Path, out: Path) -> list[str]:
    return ["evaluate", "--bundle", str(bundle), "--manifest", str(manifest), "--out", str(out), "--quiet", "--json"]


def test_images_and_features_give_the_same_risks(
    trained: tuple[Path, Path], everybody: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, features = trained
    assert main(words(bundle, everybody, tmp_path / "images")) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {name: one["cases"] for name, one in said["sets"].items()} == {"test": 4, "apparent": 24}
    assert main([*words(bundle, everybody, tmp_path / "features"), "--features", str(features)]) == 0
    one, other = (pd.read_csv(tmp_path / name / "risks.csv") for name in ("images", "features"))
    assert (one["risk"] - other["risk"]).abs().max() < 1e-9
    assert one["set"].tolist() == other["set"].tolist() == ["apparent"] * 24 + ["test"] * 4

    numbers = json.loads((tmp_path / "images" / "report.json").read_text(encoding="utf-8"))
    readings = {entry["reading"]: entry for entry in numbers["readings"]}
    assert (readings["2"]["cases"], readings["1.2"]["cases"]) == (28, 2)
    assert readings["2"]["dice"] == [1.0] * 28
    assert readings["2"]["risk"]["estimate"]["value"] == pytest.approx(1.0)
    assert readings["2"]["largest_change"] == pytest.approx(0.0, abs=1e-12)
    numbers = json.loads((tmp_path / "features" / "report.json").read_text(encoding="utf-8"))
    assert numbers["readings"] == []
    assert any("Readings were not compared" in warning for warning in numbers["warnings"])


def test_a_case_that_fails_is_listed_and_the_rest_delivered(
    trained: tuple[Path, Path], cohort: Path, tmp_path: Path
) -> None:
    frame = pd.read_csv(cohort, dtype=str)
    frame.loc[9, "mask:tumor"] = ""
    spoiled = cohort.parent / "spoiled-evaluation.csv"
    frame.to_csv(spoiled, index=False)
    assert main(words(trained[0], spoiled, tmp_path / "out")) == 1
    failures = pd.read_csv(tmp_path / "out" / "failures.csv")
    assert failures["case"].tolist() == ["c9"]
    assert "no tumor mask; fill its mask:tumor" in failures["reason"][0]
    assert len(pd.read_csv(tmp_path / "out" / "risks.csv")) == 11


def test_unusable_input_is_exit_2_in_one_sentence(
    trained: tuple[Path, Path], cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.read_csv(cohort, dtype=str)
    without = cohort.parent / "without-outcome.csv"
    frame.drop(columns="outcome").to_csv(without, index=False)
    assert main(words(trained[0], without, tmp_path / "out")) == 2
    said = capsys.readouterr().err
    assert "gives no outcome; add a column outcome with 0 and 1." in said
    assert said.count("\n") == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("kept")
    assert main(words(trained[0], cohort, tmp_path / "mine")) == 2
    assert "holds no earlier report" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_an_effect_of_treatment_must_be_a_hazard_ratio(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulate = ["simulate", "--recipe", "hcc-mvi", "--cases", "2", "--seed", "1", "--out", str(tmp_path / "out")]
    assert main([*simulate, "--treatment-hazard-ratio", "0"]) == 2
    assert "must be above 0, not 0; 1 switches the effect off" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


STARTER = """
import sys
import RadFusionLib.workflow.prediction as module
before = module.prepare_case
seen = [0]
def told(*parts, **more):
    seen[0] += 1
    if seen[0] == 2:
        print("WORKING", flush=True)
    return before(*parts, **more)
module.prepare_case = told
from RadFusionLib.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_an_interrupt_leaves_nothing(trained: tuple[Path, Path], cohort: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, *words(trained[0], cohort, tmp_path / "out")],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert any(line.strip() == "WORKING" for line in process.stdout)
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert said.strip().splitlines()[-1] == "Stopped; nothing half-written is left."
    # What was finished is kept for --resume, and nothing is half-written.
    assert [p.name for p in tmp_path.iterdir()] == [".out.radfusion"]
    assert not list(tmp_path.rglob("*.partial*"))


def test_the_page_is_drawn_whole_by_a_browser(trained: tuple[Path, Path], cohort: Path, tmp_path: Path) -> None:
    """Nothing wider than the window: no clipped table or figure."""
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed")
    assert main([*words(trained[0], cohort, tmp_path / "out"), "--features", str(trained[1])]) == 0
    page = tmp_path / "out" / "report.html"
    probe = tmp_path / "probe.html"
    # Everything unfolded; a table wider than its frame counts as clipped.
    script = (
        "<script>addEventListener('load',()=>{const wide=[...document.querySelectorAll('.wide-table,pre,figure')]"
        ".filter(e=>e.scrollWidth>e.clientWidth+1).length;const page=document.documentElement.scrollWidth>innerWidth;"
        "document.title='CLIPPED '+wide+' '+page})</script>"
    )
    text = page.read_text(encoding="utf-8").replace("<details>", "<details open>")
    probe.write_text(text.replace("</body>", f"{script}</body>"), encoding="utf-8")
    told = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,800", "--dump-dom", f"file://{probe}"],
        capture_output=True, encoding="utf-8", timeout=120, check=True,
    ).stdout  # fmt: skip
    assert "<title>CLIPPED 0 false</title>" in told
