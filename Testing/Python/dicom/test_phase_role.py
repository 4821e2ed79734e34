"""Phases guessed from tags, with a confidence that falls when the tags say little or contradict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from synthetic import write_series

from RadFusionLib.case import Volume
from RadFusionLib.cohort.guessing import guess_manifest
from RadFusionLib.dicom import guess_roles, read_tags


def dynamic(
    tmp_path: Path, image: Volume, times: list[str], modality: str = "MR", **tags: Any
) -> list[tuple[str, str]]:
    """Phase and confidence of series that differ in time; the first has no contrast agent."""
    read = []
    for number, time in enumerate(times, start=1):
        agent = "Agent" if number > 1 else None
        folder = tmp_path / f"{number}"
        write_series(
            folder, image, number, modality, AcquisitionTime=time, EchoTime=2.0, ContrastBolusAgent=agent, **tags
        )
        read.append(read_tags(folder))
    return [(guess.phase, guess.confidence) for guess in guess_roles(read, [""] * len(read))]


def test_contrast_phases_by_the_time_since_the_injection(tmp_path: Path, image: Volume) -> None:
    times = ["095500", "100022", "100108", "100305", "102001.5"]
    found = dynamic(tmp_path, image, times, ContrastBolusStartTime="100000")
    assert found == [("T1", "medium"), *[(phase, "medium") for phase in ("AP", "PP", "DP", "HBP")]]


def test_contrast_phases_by_their_order_alone_are_less_sure(tmp_path: Path, image: Volume) -> None:
    found = dynamic(tmp_path, image, ["095500", "100022", "100108", "100305"])
    assert found == [("T1", "medium"), ("AP", "low"), ("PP", "low"), ("DP", "low")]


def test_ct(tmp_path: Path, image: Volume) -> None:
    found = dynamic(tmp_path, image, ["095500", "100030", "100110"], "CT", ContrastBolusStartTime="100000")
    assert found == [("CT-NP", "medium"), ("CT-AP", "medium"), ("CT-VP", "medium")]


@pytest.mark.parametrize(
    ("tags", "name", "phase", "confidence"),
    [
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]}, "", "ADC", "high"),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]}, "DWI", "ADC", "high"),
        ({"DiffusionBValue": 800.0}, "", "DWI", "high"),
        ({"DiffusionBValue": 800.0}, "DWI", "DWI", "high"),
        ({"EchoTime": 90.0}, "", "T2", "medium"),
        ({"EchoTime": 90.0}, "T2", "T2", "high"),
        ({"EchoTime": 90.0}, "AP", "AP", "low"),
        ({"EchoTime": 2.0}, "AP", "AP", "medium"),
        ({"EchoTime": 2.0}, "", "", "low"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "T1", "", "high"),
        ({"EchoTime": None, "AcquisitionTime": "late", "ImageType": None}, "", "", "low"),
    ],
)
def test_one_series(
    tmp_path: Path, image: Volume, tags: dict[str, Any], name: str, phase: str, confidence: str
) -> None:
    write_series(tmp_path / "s", image, **tags)
    (guess,) = guess_roles([read_tags(tmp_path / "s")], [name])
    assert (guess.phase, guess.confidence) == (phase, confidence)
    assert "elltale" not in guess.reason


def test_a_manifest_says_how_sure_it_is_and_by_what(tmp_path: Path, image: Volume) -> None:
    patient = tmp_path / "cohort" / "A"
    common = {"ContrastBolusStartTime": "100000", "ContrastBolusAgent": "Agent of Telltale", "EchoTime": 2.0}
    write_series(patient / "x", image, 1, SeriesDescription="t1 arterial", AcquisitionTime="100025", **common)
    write_series(patient / "y", image, 2, SeriesDescription="t1 vibe", AcquisitionTime="100105", **common)
    write_series(patient / "z", image, 3, SeriesDescription="Telltale", AcquisitionTime="102000", **common)
    guess = guess_manifest(tmp_path / "cohort")
    assert guess.columns == ["case", "image:AP", "image:PP", "image:HBP"]
    said = {g.column: (g.confidence, g.reason) for g in guess.guesses}
    after = "AcquisitionTime after ContrastBolusStartTime"
    assert said == {
        "image:AP": ("high", f"its description and {after}"),
        "image:PP": ("medium", after),
        "image:HBP": ("medium", after),
    }
