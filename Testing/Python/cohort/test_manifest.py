"""The manifest: every column of the contract, and a sentence for what it may not say."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from RadFusionLib.case import MaskKey
from RadFusionLib.cohort import read_manifest
from RadFusionLib.errors import ManifestError

WHOLE = {
    "case": "p 1",
    "image:AP": "p1/ap.nrrd",
    "image:CT-VP": "p1/dicom",
    "mask:tumor": "p1/seg.seg.nrrd#Tumor 1",
    "mask:tumor:AP": "p1/ap-mask.nii.gz",
    "mask:tumor@2": "p1/second.nrrd",
    "mask:tumor@1.2": "p1/again.nrrd",
    "mask:tumor:AP@Reader B.2": "p1/b.nrrd",
    "mask:liver": "p1/liver.nrrd",
    "clinical:AFP": "412.5",
    "clinical:AFP@2": "400",
    "outcome": "1",
    "time:DFS": "12.5",
    "event:DFS": "1",
    "time:OS": "30",
    "event:OS": "0",
    "treatment": "adjuvant",
    "center": "north",
    "scanner": "3T",
    "split": "test",
    "truth:risk": "p1/risk.nrrd",
    "truth:decoy": "p1/decoy.nrrd",
}


def write(folder: Path, rows: list[dict[str, object]], name: str = "manifest.csv") -> Path:
    path = folder / name
    frame = pd.DataFrame(rows)
    if name.endswith(".parquet"):
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["manifest.csv", "manifest.parquet"])
def test_every_column_of_the_contract_is_read(tmp_path: Path, name: str) -> None:
    second = dict.fromkeys(WHOLE, "") | {"case": "p2"}
    manifest = read_manifest(write(tmp_path, [WHOLE, second], name))
    row, empty = manifest
    assert row.id == "p 1"
    assert row.images == {"AP": tmp_path / "p1/ap.nrrd", "CT-VP": tmp_path / "p1/dicom"}
    assert row.masks == {
        MaskKey("tumor"): str(tmp_path / "p1/seg.seg.nrrd#Tumor 1"),
        MaskKey("tumor", "AP"): str(tmp_path / "p1/ap-mask.nii.gz"),
        MaskKey("tumor", "", "2"): str(tmp_path / "p1/second.nrrd"),
        MaskKey("tumor", "", "1", "2"): str(tmp_path / "p1/again.nrrd"),
        MaskKey("tumor", "AP", "Reader B", "2"): str(tmp_path / "p1/b.nrrd"),
        MaskKey("liver"): str(tmp_path / "p1/liver.nrrd"),
    }
    assert row.clinical == {"AFP": 412.5}
    assert (row.outcome, row.times, row.events) == (1, {"DFS": 12.5, "OS": 30.0}, {"DFS": 1.0, "OS": 0.0})
    assert (row.treatment, row.center, row.scanner, row.split) == ("adjuvant", "north", "3T", "test")
    assert row.truth == {"risk": tmp_path / "p1/risk.nrrd", "decoy": tmp_path / "p1/decoy.nrrd"}
    assert not row.simulated
    assert empty.outcome is None
    assert empty.images == {}
    assert math.isnan(empty.clinical["AFP"])
    assert [r.id for r in manifest.of_split("test")] == ["p 1"]
    assert manifest.row("p2") is empty
    with pytest.raises(ManifestError, match="no outcome for 1 cases"):
        manifest.outcomes()


def test_numbers_of_parquet_are_as_good_as_text(tmp_path: Path) -> None:
    rows = [{"case": 1, "outcome": True, "clinical:age": 61.5}, {"case": 2, "outcome": None, "clinical:age": np.nan}]
    first, second = read_manifest(write(tmp_path, rows, "m.parquet"))
    assert (first.id, first.outcome, first.clinical["age"]) == ("1", 1, 61.5)
    assert (second.id, second.outcome) == ("2", None)


def test_ids_are_text_and_keep_their_zeros(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("case,outcome\n007,1\n7,0\nNA,1\n")
    assert [row.id for row in read_manifest(tmp_path / "m.csv")] == ["007", "7", "NA"]


def test_a_byte_order_mark_does_not_hide_the_first_column(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes("\ufeffcase,outcome\na,1\n".encode())
    assert [row.id for row in read_manifest(tmp_path / "m.csv")] == ["a"]


def test_absolute_paths_are_kept(tmp_path: Path) -> None:
    (row,) = read_manifest(write(tmp_path, [{"case": "a", "image:AP": "/scans/a.nrrd"}]))
    assert row.images["AP"] == Path("/scans/a.nrrd")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,outcome\na,1\n", "no column 'case'"),
        ("case,image:XX\na,b\n", "column 'image:XX' names no known phase; use one of AP"),
        ("case,mask:spleen\na,b\n", "column 'mask:spleen' is not known"),
        ("case,mask:tumor:XX\na,b\n", "column 'mask:tumor:XX' is not known"),
        ("case,age\na,61\n", "column 'age' is not known"),
        ("case,clinical:\na,61\n", "column 'clinical:' is not known"),
        ("case,outcome,\na,1,\n", "column '' is not known"),
        ("case,clinical:age,clinical:age\na,1,2\n", "column 'clinical:age' twice"),
        ("case,mask:tumor@2,mask:tumor@2\na,x,y\n", "column 'mask:tumor@2' twice"),
        ("case,outcome\na,1\na,0\n", "the case 'a' more than once"),
        ("case,outcome\n,1\n", "'' cannot be a case id"),
        ("case,outcome\n../a,1\n", "'../a' cannot be a case id"),
        ("case,outcome\n..,1\n", "'..' cannot be a case id"),
        ("case,outcome\na/b,1\n", "'a/b' cannot be a case id"),
        ("case,outcome\na\\b,1\n", "cannot be a case id"),
        ("case,outcome\n/etc,1\n", "cannot be a case id"),
        ("case,outcome\na,2\n", "case a has the outcome 2; it must be 0 or 1"),
        ("case,outcome\na,0.5\n", "case a has the outcome 0.5"),
        ("case,outcome\na,yes\n", "case a has 'yes' under 'outcome'"),
        ("case,clinical:AFP\na,>400\n", "case a has '>400' under 'clinical:AFP'"),
        ("case,clinical:AFP\na,inf\n", "case a has 'inf' under"),
        ("case,event:OS\na,3\n", "event:OS 3; it must be 0 or 1"),
        ("case,time:OS\na,-1\n", "time:OS -1; give months"),
        ("case,split\na,validation\n", "split 'validation'"),
        ("case,outcome\n", "lists no case"),
        ("", "cannot be read as a table"),
        ("case,outcome\na,1,2,3\n", "cannot be read as a table"),
    ],
)
def test_what_a_manifest_may_not_say_is_refused_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text(text)
    with pytest.raises(ManifestError, match=sentence.replace("..", r"\.\.").replace("\\b", "")) as caught:
        read_manifest(path)
    assert "manifest.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_manifest_that_is_missing_or_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="does not exist"):
        read_manifest(tmp_path / "none.csv")
    (tmp_path / "m.parquet").write_text("case")
    with pytest.raises(ManifestError, match="cannot be read as a table"):
        read_manifest(tmp_path / "m.parquet")
    (tmp_path / "m.csv").write_bytes(b"case\n\xff\xfe\n")
    with pytest.raises(ManifestError, match="cannot be read as a table"):
        read_manifest(tmp_path / "m.csv")


def test_a_manifest_of_a_hundred_thousand_cases_is_read(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    lines = [f"c{number},{number % 2}" for number in range(100_000)]
    path.write_text("\n".join(["case,outcome", *lines]), encoding="utf-8")
    assert len(read_manifest(path)) == 100_000
    path.write_text("\n".join(["case,outcome", *lines, lines[77]]), encoding="utf-8")
    with pytest.raises(ManifestError, match="lists the case 'c77' more than once"):
        read_manifest(path)
