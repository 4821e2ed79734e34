"""What goes wrong during long work, really done: each has its clear word, nothing is lost, nothing half is whole."""

from __future__ import annotations

import csv
import gzip
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

sys.path.insert(0, str(Path(__file__).parents[2] / "Studies"))

import scale

import RadFusionLib.workflow.extraction_steps as steps
from RadFusionLib.cli import main
from RadFusionLib.cohort import read_features
from RadFusionLib.computing import locked
from RadFusionLib.imaging import read_image, write_volume

ROOT = Path(__file__).parents[3]
UNSHARE = ["unshare", "--mount", "--map-root-user"]


def words(recipe: Path, manifest: Path, out: Path, *more: str) -> list[str]:
    given = ["--recipe", str(recipe), "--manifest", str(manifest), "--out", str(out / "f.parquet")]
    return ["extract", *given, "--family", "cr", "--quiet", "--json", *more]


def few(cohort: Path, folder: Path, count: int = 4) -> Path:
    """A copy of the first cases, to be spoiled."""
    frame = pd.read_csv(cohort, dtype=str).head(count)
    for case in frame["case"]:
        shutil.copytree(cohort.parent / case, folder / case)
    frame.to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv"


def last(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def failures(out: Path) -> dict[str, str]:
    with (out / "failures.csv").open(encoding="utf-8") as stream:
        return {row["case"]: row["reason"] for row in csv.DictReader(stream)}


def no_litter(folder: Path) -> bool:
    return not list(folder.rglob("*.partial*"))


def in_own_mounts(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount file systems which nobody else sees; no root is needed for that."""
    if shutil.which("unshare") is None or subprocess.run([*UNSHARE, "true"], capture_output=True).returncode:
        pytest.skip("this system lets nobody but root mount a file system of his own (unshare --map-root-user)")
    return subprocess.run(
        [*UNSHARE, "sh", "-c", script, "sh", sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT
    )


def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_space(
    cohort: Path, quick_recipe: Path, tmp_path: Path
) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    # Room for the first cases only; then the disk grows, and what was finished is not made again.
    script = (
        'python=$1; disk=$2; shift 2; mount -t tmpfs -o size=100k tmpfs "$disk" || exit 77\n'
        '"$python" -m RadFusionLib "$@"; echo "code $?"; find "$disk" -name "*.partial*"; ls "$disk"\n'
        'mount -o remount,size=50m "$disk" && "$python" -m RadFusionLib "$@" --resume; echo "code $?"; ls "$disk"\n'
    )
    done = in_own_mounts(script, str(place), *words(quick_recipe, cohort, place))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    refused, code, *listed = lines[:2], lines[1], *lines[2:3]
    assert "No space left on device; mend that and run again with --resume" in json.loads(refused[0])["error"]
    assert (code, listed) == ("code 2", [json.dumps(json.loads(lines[2]), sort_keys=True)])
    found = json.loads(lines[2])
    assert found["cases"] == 12
    assert 0 < found["resumed"] < 12
    assert lines[3:] == ["code 0", "f.parquet"]


def test_a_table_for_which_there_is_no_space_is_not_begun_to_be_read(
    cohort: Path, quick_recipe: Path, tmp_path: Path
) -> None:
    # A file may grow to 60 kB: enough for what is kept of a case, too little for the table of twelve.
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000))\n"
    script = limit + "from RadFusionLib.cli import main; sys.exit(main(sys.argv[1:]))"
    given = words(quick_recipe, cohort, tmp_path)
    done = subprocess.run([sys.executable, "-c", script, *given], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert "f.parquet cannot be written: File too large; free space" in done.stderr
    assert "Traceback" not in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == [".radfusion"]
    assert no_litter(tmp_path)
    assert main([*given, "--resume"]) == 0


def test_an_output_that_may_only_be_read_is_refused_before_any_work(
    cohort: Path, quick_recipe: Path, tmp_path: Path
) -> None:
    script = 'python=$1; mount --bind "$2" "$2" && mount -o remount,bind,ro "$2" || exit 77; shift 2\n'
    done = in_own_mounts(
        script + '"$python" -m RadFusionLib "$@"', str(tmp_path), *words(quick_recipe, cohort, tmp_path)
    )
    assert done.returncode == 2, done.stderr
    assert f"{tmp_path} may not be written to; change its rights or name another place" in done.stderr
    assert not list(tmp_path.iterdir())


def test_truncated_and_altered_images_are_listed_and_mended_ones_are_all_that_is_made(
    cohort: Path, quick_recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, out = few(cohort, tmp_path / "in", 5), tmp_path / "out"
    frame = pd.read_csv(manifest, dtype=str)
    images = [manifest.parent / name for name in frame["image:AP"]]
    whole = [image.read_bytes() for image in images]
    images[0].write_bytes(whole[0][: len(whole[0]) // 2])
    # One bit in the middle of compressed voxels.
    middle = 2 * len(whole[1]) // 3
    images[1].write_bytes(whole[1][:middle] + bytes([whole[1][middle] ^ 16]) + whole[1][middle + 1 :])
    images[2].write_bytes(b"")
    assert main(words(quick_recipe, manifest, out)) == 1
    assert last(capsys)["cases"] == 2
    found = failures(out)
    assert list(found) == list(frame["case"][:3])
    for case, image in zip(frame["case"], images[:3], strict=False):
        assert str(image) in found[case]
    for image, content in zip(images, whole, strict=True):
        image.write_bytes(content)
    assert main(words(quick_recipe, manifest, out, "--resume")) == 0
    assert last(capsys) | {"out": ""} == {"cases": 5, "failures": {}, "features": 214, "out": "", "resumed": 2}
    assert not (out / "failures.csv").exists()


def test_an_altered_image_is_not_taken_for_the_one_that_was_finished(
    cohort: Path, quick_recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, out = few(cohort, tmp_path / "in", 2), tmp_path / "out"
    image = manifest.parent / pd.read_csv(manifest, dtype=str)["image:AP"][0]
    for file in manifest.parent.rglob("*.nrrd"):
        os.utime(file, (1e9, 1e9))
    assert main(words(quick_recipe, manifest, out)) == 0
    first = read_features(out / "f.parquet").table.values
    volume = read_image(image)
    write_volume(volume.with_array(volume.array + np.arange(volume.array.shape[2], dtype=np.float32)), image)
    assert main(words(quick_recipe, manifest, out, "--resume")) == 0
    assert last(capsys)["resumed"] == 1
    second = read_features(out / "f.parquet").table.values
    assert not (first[0] == second[0]).all()
    assert first[1].tobytes() == second[1].tobytes()


def test_a_worker_that_dies_costs_no_case(cohort: Path, quick_recipe: Path, tmp_path: Path) -> None:
    out, alone = tmp_path / "out", tmp_path / "alone"
    command = [sys.executable, "-m", "RadFusionLib", *words(quick_recipe, cohort, out, "--jobs", "2")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 240
        while scale.kept(out) < 6:
            assert time.monotonic() < end
            time.sleep(0.02)
        workers = [
            child for child in scale.children(process.pid)
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]  # fmt: skip
        os.kill(workers[0], signal.SIGKILL)
        said, errors = process.communicate(timeout=240)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert json.loads(said)["cases"] == 12
    assert main(words(quick_recipe, cohort, alone)) == 0
    assert (out / "f.parquet").read_bytes() == (alone / "f.parquet").read_bytes()


@pytest.mark.parametrize("command", ["extract", "predict", "evaluate"])
def test_a_second_run_on_an_output_is_refused(
    cohort: Path, quick_recipe: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    out = tmp_path / "out"
    given = ["--bundle", str(bundle), "--manifest", str(cohort), "--out", str(out), "--quiet"]
    if command == "extract":
        given = words(quick_recipe, cohort, out)[1:]
    place = tmp_path / ".out.radfusion" if command == "evaluate" else out / ".radfusion"
    with locked(place / "lock", out):
        assert main([command, *given]) == 2
    said = capsys.readouterr().err
    assert f"Another run is writing to {out} (process {os.getpid()} on " in said
    assert "wait until it has ended, or name another place with --out" in said
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.name != "lock"]


def test_cases_whose_rows_change_under_a_run_are_listed(
    cohort: Path,
    quick_recipe: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manifest, out = few(cohort, tmp_path / "in"), tmp_path / "out"
    before = steps.extract_case
    frame = pd.read_csv(manifest, dtype=str)
    mask = read_image(manifest.parent / frame.loc[0, "mask:tumor"])
    write_volume(mask.with_array(np.roll(mask.array, 1, axis=2)), manifest.with_name("copy.nrrd"))

    def meanwhile(*parts, **more):  # type: ignore[no-untyped-def]
        changed = frame.drop(index=3)
        changed.loc[0, "mask:tumor"] = "copy.nrrd"
        changed.loc[1, "clinical:age"] = "99"
        changed.to_csv(manifest, index=False)
        return before(*parts, **more)

    monkeypatch.setattr(steps, "extract_case", meanwhile)
    assert main(words(quick_recipe, manifest, out)) == 1
    found = failures(out)
    assert sorted(found) == ["c0", "c3"]
    assert "The manifest's row of case c0 changed while the run was under way; run again with --resume" in found["c0"]
    assert "Case c3 left the manifest" in found["c3"]
    assert read_features(out / "f.parquet").table.cases == ("c1", "c2")
    monkeypatch.setattr(steps, "extract_case", before)
    capsys.readouterr()
    assert main(words(quick_recipe, manifest, out, "--resume")) == 0
    assert last(capsys)["resumed"] == 2
    assert read_features(out / "f.parquet").table.cases == ("c0", "c1", "c2")


def test_a_manifest_that_can_no_longer_be_read_delivers_nothing(
    cohort: Path,
    quick_recipe: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manifest, out = few(cohort, tmp_path / "in", 2), tmp_path / "out"
    content, before = manifest.read_bytes(), steps.extract_case

    def meanwhile(*parts, **more):  # type: ignore[no-untyped-def]
        manifest.write_bytes(gzip.compress(content))
        return before(*parts, **more)

    monkeypatch.setattr(steps, "extract_case", meanwhile)
    assert main(words(quick_recipe, manifest, out)) == 2
    assert "changed while the run was under way and can no longer be read" in capsys.readouterr().err
    assert [p.name for p in out.iterdir()] == [".radfusion"]
    manifest.write_bytes(content)
    assert main(words(quick_recipe, manifest, out, "--resume")) == 0
    assert last(capsys)["resumed"] == 2


@pytest.fixture(scope="module")
def bundle(cohort: Path, quick_recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    path, features = folder / "quick.radfusion", folder / "features.parquet"
    common = ["--recipe", str(quick_recipe), "--manifest", str(cohort), "--quiet"]
    assert main(["extract", *common, "--out", str(features)]) == 0
    assert main(["train", *common, "--features", str(features), "--out", str(path)]) == 0
    return path


def test_predict_leaves_finished_cases_alone_and_mends_what_was_tampered_with(
    cohort: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, out, two = few(cohort, tmp_path / "in"), tmp_path / "out", tmp_path / "two"
    given = ["predict", "--bundle", str(bundle), "--manifest", str(manifest), "--write", "heatmap,explanation"]
    given += ["--quiet", "--json"]
    assert main([*given, "--out", str(out), "--case", "c0", "--case", "c1"]) == 0
    times = {p: p.stat().st_mtime_ns for p in out.rglob("*.*") if p.is_file() and p.parent.name == "c0"}
    assert len(times) == 2
    (out / "c1" / "explanation.json").write_text("{}")
    capsys.readouterr()
    assert main([*given, "--out", str(out), "--resume"]) == 0
    assert last(capsys)["resumed"] == 1
    assert {p: p.stat().st_mtime_ns for p in times} == times
    assert main([*given, "--out", str(two), "--jobs", "2"]) == 0
    files = {p.relative_to(two): p.read_bytes() for p in two.rglob("*") if p.is_file() and ".radfusion" not in p.parts}
    assert len(files) == 1 + 4 * 2
    for name, content in files.items():
        assert (out / name).read_bytes() == content


def test_evaluate_takes_finished_risks_and_two_workers_say_the_same(cohort: Path, bundle: Path, tmp_path: Path) -> None:
    given = ["evaluate", "--bundle", str(bundle), "--manifest", str(cohort), "--quiet"]
    assert main([*given, "--out", str(tmp_path / "a" / "out"), "--jobs", "2"]) == 0
    report = (tmp_path / "a" / "out" / "report.json").read_bytes()
    kept = {p: p.stat().st_mtime_ns for p in (tmp_path / "a" / ".out.radfusion" / "risk").glob("*/*")}
    assert len(kept) == 12
    assert main([*given, "--out", str(tmp_path / "a" / "out"), "--resume"]) == 0
    assert (tmp_path / "a" / "out" / "report.json").read_bytes() == report
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
