"""Evaluate a bundle on a cohort: discrimination, calibration, utility, survival, subgroups, and one report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from RadFusionLib.cli.options import add_computing, add_scale, check_out_folder, chosen_workers
from RadFusionLib.cli.progress_bar import ProgressBar

HELP = "discrimination, calibration, utility, survival, report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--out", required=True, type=Path, help="folder for report.html, report.json and the tables")
    parser.add_argument("--features", help="a Parquet file of radfusion extract; the images are read when not given")
    parser.add_argument("--no-readers", action="store_true", help="do not predict repeated contours")
    add_computing(parser)
    add_scale(parser)
    parser.add_argument(
        "--allow-demonstration",
        action="store_true",
        help="let a bundle trained on simulated cases be evaluated on other cases, to try the software",
    )


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    from RadFusionLib.bundle import Bundle
    from RadFusionLib.cohort import read_features, read_manifest
    from RadFusionLib.computing import FOLDER, output_of
    from RadFusionLib.evaluation.report import check_report_folder, write_report
    from RadFusionLib.workflow import evaluate

    check_out_folder(options.out.absolute().parent)
    check_report_folder(options.out)
    out = options.out.absolute()
    # Beside the folder and not in it: a report takes the place of the former one whole.
    with output_of(out.with_name(f".{out.name}{FOLDER}"), options.out, (out,)) as store:
        found = evaluate(
            Bundle.load(options.bundle),
            read_manifest(options.manifest),
            bar,
            features=read_features(options.features) if options.features else None,
            readers=not options.no_readers,
            device=options.device,
            allow_demonstration=options.allow_demonstration,
            workers=chosen_workers(options),
            store=store,
            resume=options.resume,
        )
        page = write_report(found, options.out)
    for name, one in found.sets.items():
        bar.say(f"{name}: {one.cases} cases, {one.positive} with the outcome, AUC {one.auc}")
    for warning in found.warnings:
        bar.say(f"  {warning}")
    bar.say(f"{page}")
    bar.say(found.bundle.notice)
    result = {
        "out": str(options.out),
        "sets": {
            name: {"cases": one.cases, "positive": one.positive, "auc": one.auc.value}
            for name, one in found.sets.items()
        },
        "failures": dict(found.failures),
        "warnings": list(found.warnings),
    }
    return (1 if found.failures else 0), result
