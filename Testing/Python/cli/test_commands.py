"""The command line: help, versions, one sentence for an error, exit codes, a JSON last line, progress on a log."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from RadFusionLib import __version__
from RadFusionLib.cli import main
from RadFusionLib.cli.command import SUBCOMMANDS
from RadFusionLib.cli.progress_bar import ProgressBar


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.strip() == f"RadFusion {__version__}"


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    for option in ("--json", "--quiet"):
        assert option in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["recipes", "--loud"], "unrecognized arguments: --loud"),
        (["recipes", "nobody"], "no recipe 'nobody'; use one of"),
        (["bundle", "verify", "none.radfusion"], "none.radfusion"),
        (["bundle", "open", "x"], "invalid choice: 'open'"),
        (["weights", "add"], "weights add needs a file"),
        (["weights", "fetch"], "weights fetch needs a name"),
        (
            ["extract", "--recipe", "hcc-mvi", "--manifest", "m.csv", "--out", "f.parquet", "--jobs", "-1"],
            "--jobs: give a",
        ),
        (
            ["extract", "--recipe", "hcc-mvi", "--profile", "big", "--manifest", "m.csv", "--out", "f"],
            "no profile 'big'",
        ),
        (
            ["extract", "--recipe", "hcc-mvi", "--manifest", "m.csv", "--out", ".", "--family", "cr"],
            "--out . is a folder",
        ),
        (
            ["extract", "--recipe", "hcc-mvi", "--manifest", "m.csv", "--out", "f", "--family", "cr"],
            "m.csv does not exist",
        ),
        (["extract", "--recipe", "hcc-mvi", "--manifest", "m.csv", "--out", "file/f"], "is a file, not a folder"),
        (["predict", "--bundle", "b", "--manifest", "m.csv", "--out", "o", "--write", "film"], "does not know film"),
        (["simulate", "--recipe", "hcc-mvi", "--cases", "0", "--seed", "1", "--out", "o"], "--cases of at least 1"),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_exit_2(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    assert main([*words, "--json"] if words else words) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.err.startswith("radfusion: ")
    if words:
        assert sentence in json.loads(said.out.splitlines()[-1])["error"]
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_fault_of_ours_is_not_taken_for_failed_cases(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("RadFusionLib.cli.recipes.recipe_names", lambda: 1 / 0)
    assert main(["recipes", "--json"]) == 70
    said = capsys.readouterr()
    assert "ZeroDivisionError" in said.err
    assert "ZeroDivisionError" in json.loads(said.out)["error"]


def test_recipes_are_listed_and_shown(capsys: pytest.CaptureFixture[str], quick_recipe: Path) -> None:
    assert main(["recipes", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("hcc-mvi")
    assert "hcc-mvi" in json.loads(lines[-1])
    assert main(["recipes", "hcc-mvi"]) == 0
    assert "margin_mm: 10" in capsys.readouterr().out
    assert main(["recipes", str(quick_recipe), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["name"] == "quick"


def test_weights_are_listed_without_a_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RADFUSION_CACHE", str(tmp_path))
    assert main(["weights", "list", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("radfusion weights fetch r3d_18" in line for line in lines)
    assert "r3d_18" in json.loads(lines[-1])["published"]
    assert main(["weights", "add", str(tmp_path / "none.pth")]) == 2
    assert "none.pth" in capsys.readouterr().err
    assert main(["weights", "fetch", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_progress_on_a_log_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with ProgressBar() as bar:
        for step in range(100):
            now[0] = step * 0.5
            assert bar(step / 100, f"step {step}")
    lines = capsys.readouterr().err.splitlines()
    assert 3 <= len(lines) <= 5
    assert lines[0] == " 21 % step 21, 40 s left"
    with ProgressBar(quiet=True) as bar:
        now[0] = 1000.0
        bar(0.5, "half")
    assert capsys.readouterr().err == ""


def test_a_reader_that_leaves_early_is_no_error() -> None:
    script = f"{sys.executable} -m RadFusionLib recipes hcc-mvi | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.returncode == 0
    assert done.stderr == ""


def spoiled(cohort: Path, folder: Path, keep: int = 3) -> Path:
    """The first cases of a cohort, one of which points to a phase that is not there."""
    frame = pd.read_csv(cohort, dtype=str).head(keep)
    for column in [c for c in frame.columns if c.startswith(("image:", "mask:", "truth:"))]:
        frame[column] = [os.path.relpath(cohort.parent / cell, folder) for cell in frame[column]]
    frame.loc[1, "image:AP"] = "lost.nrrd"
    path = folder / "manifest.csv"
    frame.to_csv(path, index=False)
    return path


def test_one_bad_case_is_listed_and_the_rest_delivered(
    cohort: Path, quick_recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from RadFusionLib.cohort import read_features
    from RadFusionLib.fusion.table import family_of

    manifest, out = spoiled(cohort, tmp_path), tmp_path / "out" / "features.parquet"
    words = ["extract", "--recipe", str(quick_recipe), "--manifest", str(manifest), "--out", str(out), "--json"]
    assert main(words) == 1
    found = read_features(out)
    assert len(found.table.cases) == 2
    assert sum(family_of(name) == "cr" for name in found.table.names) == 2 * 107
    with (out.parent / "failures.csv").open() as stream:
        (failure,) = csv.DictReader(stream)
    assert failure["case"] not in found.table.cases
    assert "lost.nrrd does not exist" in failure["reason"]
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["cases"], last["features"], list(last["failures"])) == (2, 214, [failure["case"]])
    # Mended, the list of failures goes.
    assert main([*words[:4], str(cohort), *words[5:]]) == 0
    assert sorted(p.name for p in out.parent.iterdir()) == [".radfusion", "features.parquet"]


def test_no_case_at_all_is_exit_2_and_nothing_written(
    cohort: Path, quick_recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = spoiled(cohort, tmp_path)
    frame = pd.read_csv(manifest, dtype=str)
    frame["image:AP"] = "lost.nrrd"
    frame.to_csv(manifest, index=False)
    out = tmp_path / "out" / "features.parquet"
    assert main(["extract", "--recipe", str(quick_recipe), "--manifest", str(manifest), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "None of the 3 cases could be extracted" in said
    assert said.count("\n") == 1
    assert not out.parent.exists()


def test_a_missing_clinical_value_is_named(
    cohort: Path, tmp_path: Path, quick_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.read_csv(cohort, dtype=str)
    frame.loc[2, "clinical:AFP"] = ""
    manifest = cohort.parent / "gap.csv"
    frame.to_csv(manifest, index=False)
    features = tmp_path / "f.parquet"
    assert main(["extract", "--recipe", str(quick_recipe), "--manifest", str(manifest), "--out", str(features)]) == 0
    words = ["train", "--recipe", str(quick_recipe), "--manifest", str(manifest), "--features", str(features)]
    assert main([*words, "--out", str(tmp_path / "b.radfusion")]) == 2
    said = capsys.readouterr().err
    assert frame.loc[2, "case"] in said
    assert "clinical:AFP" in said
    assert not (tmp_path / "b.radfusion").exists()
