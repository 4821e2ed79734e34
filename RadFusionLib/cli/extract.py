"""Extract the features of a cohort into one Parquet file."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from RadFusionLib.cli.failures import report_failures
from RadFusionLib.cli.options import (
    add_computing,
    add_recipe,
    add_scale,
    check_out_file,
    chosen_recipe,
    chosen_weights,
    chosen_workers,
)
from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.progress import Stage

HELP = "extract the features of a cohort"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    add_computing(parser)
    add_scale(parser)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--out", required=True, type=Path, help="a .parquet file")
    parser.add_argument("--engine", default="fast", choices=("fast", "pyradiomics"), help="for the CR features")
    parser.add_argument("--family", action="append", choices=("cr", "dlr", "appearance"), help="only this family")


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    from RadFusionLib.cohort import read_manifest
    from RadFusionLib.computing import FOLDER, output_of
    from RadFusionLib.fusion.table import family_of
    from RadFusionLib.workflow.cohort_extraction import extract_to_file

    check_out_file(options.out)
    recipe = chosen_recipe(options)
    families = options.family or (*recipe.image_families, "appearance")
    weights = chosen_weights(options, recipe) if "dlr" in families else None
    manifest = read_manifest(options.manifest)
    workers, failed = chosen_workers(options), options.out.with_name("failures.csv")
    folder = options.out.absolute().parent
    with output_of(folder / FOLDER, folder, (options.out, failed)) as store:
        found = extract_to_file(
            recipe,
            manifest,
            weights,
            options.out,
            store,
            families=families,
            engine=options.engine,
            device=options.device,
            workers=workers,
            resume=options.resume,
            progress=Stage(bar),
        )
        code = report_failures(found.failures, failed, bar)
    features = sum(family_of(name) != "appearance" for name in found.names)
    bar.say(f"{options.out}: {len(found.cases)} cases, {features} features")
    if options.resume:
        bar.say(f"  {found.taken} of them had been finished before")
    _say_notices(found.notices, bar)
    return code, {
        "out": str(options.out),
        "cases": len(found.cases),
        "resumed": found.taken,
        "features": features,
        "failures": dict(found.failures),
    }


def _say_notices(notices: Mapping[str, tuple[str, ...]], bar: ProgressBar) -> None:
    counted: dict[str, int] = {}
    for notice in (n for case in notices.values() for n in case):
        counted[notice] = counted.get(notice, 0) + 1
    common = [(text, count) for text, count in counted.items() if count > 1][:5]
    for text, count in common:
        bar.say(f"  {count} cases: {text}")
