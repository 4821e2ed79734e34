"""Write a simulated cohort with known truth, for testing and for trying the software only."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from RadFusionLib.cli.options import check_out_folder, jobs
from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.errors import InputError
from RadFusionLib.recipe import load_recipe

HELP = "write a simulated cohort with known truth"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--recipe", required=True, help="whose phases are simulated")
    parser.add_argument("--cases", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--strength", type=float, default=1.0, help="0 (nothing can be predicted) to 1 (default)")
    parser.add_argument(
        "--treatment-hazard-ratio",
        type=float,
        default=None,
        help="of treated against untreated patients with the outcome (default 0.5; 1 switches the effect off)",
    )
    parser.add_argument("--profile", default="small", help="small (default) or paper")
    parser.add_argument("--jobs", type=jobs, default=1, help="processes (default 1; 0 for all cores)")
    parser.add_argument("--out", type=Path, required=True, help="folder; DIR/manifest.csv is written")


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    from RadFusionLib.simulation import TREATMENT_HAZARD_RATIO, simulate

    if options.cases < 1 or not 0 <= options.strength <= 1:
        raise InputError("simulate needs --cases of at least 1 and --strength from 0 to 1.")
    ratio = TREATMENT_HAZARD_RATIO if options.treatment_hazard_ratio is None else options.treatment_hazard_ratio
    if not 0 < ratio < float("inf"):
        raise InputError(f"--treatment-hazard-ratio must be above 0, not {ratio:g}; 1 switches the effect off.")
    check_out_folder(options.out)
    recipe = load_recipe(options.recipe, "paper")
    manifest = simulate(
        recipe.phases,
        options.cases,
        options.seed,
        options.strength,
        options.out,
        profile=options.profile,
        jobs=options.jobs,
        treatment_hazard_ratio=ratio,
        progress=bar,
    )
    bar.say(f"{manifest}: {options.cases} simulated cases, for testing and trying the software only")
    return 0, {"manifest": str(manifest), "cases": options.cases}
