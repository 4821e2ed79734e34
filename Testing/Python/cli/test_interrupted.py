"""Ctrl-C and SIGTERM during long work leave nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# The command as it is, but it says when it works on the second case and rests there, so that the signal comes in the
# middle however fast the machine.
# A shell that starts the tests behind it has them ignore Ctrl-C, which the command must not inherit here.
STARTER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
import RadFusionLib.workflow.{module} as module
before = module.prepare_case
seen = [0]
def told(*parts, **more):
    made = before(*parts, **more)
    seen[0] += 1
    if seen[0] == 2:
        print("WORKING", flush=True)
        time.sleep(60)
    return made
module.prepare_case = told
from RadFusionLib.cli import main
sys.exit(main(sys.argv[1:]))
"""


def interrupt(module: str, words: list[str], number: signal.Signals) -> tuple[int, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER.format(module=module), *words],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.strip() == "WORKING":
                break
        else:
            pytest.fail(f"the command ended before it worked: {process.communicate()[1]}")
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_extract(cohort: Path, quick_recipe: Path, tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    out.mkdir()
    words = ["extract", "--recipe", str(quick_recipe), "--manifest", str(cohort), "--out", str(out / "f.parquet")]
    code, said = interrupt("extraction_steps", words, number)
    assert code == 130
    assert said.strip().splitlines()[-1] == "Stopped; nothing half-written is left."
    assert "Traceback" not in said
    # What was finished is kept for --resume, and nothing is half-written.
    assert [p.name for p in out.iterdir()] == [".radfusion"]
    assert not list(out.rglob("*.partial*"))


@pytest.fixture(scope="module")
def bundle(cohort: Path, quick_recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from RadFusionLib.cli import main

    folder = tmp_path_factory.mktemp("bundle")
    path, features = folder / "quick.radfusion", folder / "features.parquet"
    common = ["--recipe", str(quick_recipe), "--manifest", str(cohort), "--quiet"]
    assert main(["extract", *common, "--out", str(features)]) == 0
    assert main(["train", *common, "--features", str(features), "--out", str(path)]) == 0
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_predict(bundle: Path, cohort: Path, tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    words = [
        "predict",
        "--bundle",
        str(bundle),
        "--manifest",
        str(cohort),
        "--out",
        str(out),
        "--write",
        "heatmap,explanation",
    ]
    code, said = interrupt("prediction", words, number)
    assert code == 130
    assert "Traceback" not in said
    assert not (out / "risk.csv").exists()
    # The first case was done before the signal; the second, in the middle, left no trace.
    folders = [p for p in out.iterdir() if p.name != ".radfusion"]
    assert len(folders) == 1
    assert not folders[0].name.startswith(".")
    assert sorted(p.name for p in folders[0].iterdir()) == ["explanation.json", "heatmap.nrrd"]


def test_predict_lists_a_bad_case_and_delivers_the_rest(bundle: Path, cohort: Path, tmp_path: Path) -> None:
    import pandas as pd

    from RadFusionLib.cli import main

    frame = pd.read_csv(cohort, dtype=str)
    frame.loc[0, "mask:tumor"] = ""
    manifest = cohort.parent / "spoiled.csv"
    frame.to_csv(manifest, index=False)
    cases = frame["case"].tolist()
    out = tmp_path / "out"
    words = [
        "predict",
        "--bundle",
        str(bundle),
        "--manifest",
        str(manifest),
        "--out",
        str(out),
        "--write",
        "none",
        "--quiet",
    ]
    assert main([*words, "--case", cases[0], "--case", cases[1]]) == 1
    assert pd.read_csv(out / "risk.csv", dtype=str)["case"].tolist() == [cases[1]]
    failures = pd.read_csv(out / "failures.csv", dtype=str)
    assert failures["case"].tolist() == [cases[0]]
    assert "no tumor mask; fill its mask:tumor" in failures["reason"][0]
    assert sorted(p.name for p in out.iterdir()) == [".radfusion", "failures.csv", "risk.csv"]


def test_predict_of_one_bad_case_is_exit_2_and_nothing_written(
    bundle: Path, cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from RadFusionLib.cli import main

    words = ["predict", "--bundle", str(bundle), "--manifest", str(cohort), "--out", str(tmp_path / "out")]
    assert main([*words, "--case", "nobody"]) == 2
    assert "has no case nobody" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
