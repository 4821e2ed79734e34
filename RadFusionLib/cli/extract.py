"""Extract the features of a cohort into one Parquet file."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from RadFusionLib.cli.failures import report_failures
from RadFusionLib.cli.options import add_computing, add_recipe, check_out_file, chosen_recipe, chosen_weights
from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.progress import Stage

HELP = "extract the features of a cohort"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    add_computing(parser)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--out", required=True, type=Path, help="a .parquet file")
    parser.add_argument("--engine", default="fast", choices=("fast", "pyradiomics"), help="for the CR features")
    parser.add_argument("--family", action="append", choices=("cr", "dlr"), help="only this family")


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    from RadFusionLib.cohort import read_manifest, write_features
    from RadFusionLib.workflow import extract_cohort

    check_out_file(options.out)
    recipe = chosen_recipe(options)
    families = options.family or recipe.image_families
    found = extract_cohort(
        recipe,
        read_manifest(options.manifest),
        chosen_weights(options, recipe) if "dlr" in families else None,
        families=families,
        engine=options.engine,
        jobs=options.jobs,
        device=options.device,
        progress=Stage(bar),
    )
    write_features(found.features, options.out)
    table = found.features.table
    bar.say(f"{options.out}: {len(table.cases)} cases, {len(table.names)} features")
    _say_notices(found.notices, bar)
    code = report_failures(found.failures, options.out.with_name("failures.csv"), bar)
    return code, {
        "out": str(options.out),
        "cases": len(table.cases),
        "features": len(table.names),
        "failures": dict(found.failures),
    }


def _say_notices(notices: Mapping[str, tuple[str, ...]], bar: ProgressBar) -> None:
    counted: dict[str, int] = {}
    for notice in (n for case in notices.values() for n in case):
        counted[notice] = counted.get(notice, 0) + 1
    common = [(text, count) for text, count in counted.items() if count > 1][:5]
    for text, count in common:
        bar.say(f"  {count} cases: {text}")
