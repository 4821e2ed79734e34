"""Make a manifest from a folder with a subfolder for each patient; the phases are guessed, and to be confirmed."""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path
from typing import Any

from RadFusionLib.cli.options import check_out_file
from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.errors import InputError

HELP = "make a manifest from folders of images, phases guessed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a subfolder for each patient, with images or DICOM series")
    parser.add_argument("--out", required=True, type=Path, help="the manifest, .csv or .parquet")
    parser.add_argument(
        "--deidentify",
        type=Path,
        metavar="DIR",
        help="copy the DICOM files into this new folder without the patients' identity, and list the copies",
    )
    parser.add_argument(
        "--deidentify-key",
        type=Path,
        metavar="FILE",
        help="a secret of your own: with it, nobody who has the original UIDs can tell which they became",
    )


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    from RadFusionLib.cohort.guessing import guess_manifest

    check_out_file(options.out)
    if options.out.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"{options.out} does not end in .csv or .parquet; name a manifest.")
    if options.out.exists():
        raise InputError(f"{options.out} is there already, perhaps with outcomes; name another file.")
    bar(0.0, "Looking through the folders")
    guess = guess_manifest(options.folder)
    if options.deidentify is not None:
        from RadFusionLib.cohort.deidentification import deidentify_cohort

        key = options.deidentify_key.read_bytes() if options.deidentify_key else b""
        guess = deidentify_cohort(guess, options.folder, options.deidentify, key, bar)
    base = options.out.absolute().parent
    rows = [
        {column: cell if column == "case" else _relative(cell, base) for column, cell in row.items()}
        for row in guess.rows
    ]
    _write(rows, guess.columns, options.out)
    for series in guess.guesses:
        bar.say(f"{series.case}: {series.column}, {series.confidence} confidence, by {series.reason}")
    for column in guess.columns[1:]:
        bar.say(f"{column:20} {sum(column in row for row in rows)} of {len(rows)} cases")
    for line in guess.unknown:
        bar.say(f"Not understood: {line}")
    bar.say(f"{options.out}: {len(rows)} cases. The phases are guessed: look at every cell before you use it.")
    return 0, {
        "out": str(options.out),
        "cases": len(rows),
        "columns": guess.columns,
        "unknown": list(guess.unknown),
        "guesses": [
            {"case": s.case, "column": s.column, "confidence": s.confidence, "reason": s.reason} for s in guess.guesses
        ],
        "confirmed": False,
    }


def _relative(cell: str, base: Path) -> str:
    return Path(os.path.relpath(Path(cell).absolute(), base)).as_posix()


def _write(rows: list[dict[str, str]], columns: list[str], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        if path.suffix.lower() == ".parquet":
            import pandas as pd

            pd.DataFrame(rows, columns=columns).to_parquet(partial, index=False)
        else:
            with partial.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
