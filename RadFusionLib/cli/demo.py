"""The main job on the built-in simulated case and bundle."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.resources import resource

HELP = "the main job on the built-in case and bundle"
BUNDLE = "hcc-mvi-demonstration.radfusion"
SEED = 90210
"""Of the built-in case; no training cohort of the shipped bundle has it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="folder (default demo-output)")


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    from RadFusionLib.bundle import Bundle
    from RadFusionLib.cohort import read_manifest
    from RadFusionLib.scene import write_scene
    from RadFusionLib.simulation import simulate
    from RadFusionLib.workflow.cohort_prediction import predict_cohort

    bundle = Bundle.load(resource("Bundles", BUNDLE))
    bar.say(
        f"Bundle {bundle.name}: {bundle.record.cases} simulated training cases, "
        f"out-of-fold AUC {bundle.record.out_of_fold_auc['ensemble']:.2f}"
    )
    with tempfile.TemporaryDirectory() as folder:
        bar(0.0, "Simulating a liver MRI")
        manifest = read_manifest(simulate(bundle.recipe.phases, 1, SEED, 1.0, Path(folder)))
        delivered = predict_cohort(
            bundle,
            list(manifest),
            options.out,
            ("heatmap", "explanation", "report", "scene", "overlay"),
            scene_writer=write_scene,
            threads=2,
            progress=bar,
            say=bar.say,
        )
        case = manifest.rows[0].id
    _flatten(options.out, case)
    for name in ("risk.csv", "heatmap.nrrd", "overlay.png", "report.html", "scene.mrb"):
        bar.say(f"  {options.out / name}")
    bar.say(bundle.notice)
    return 0 if delivered.risks else 1, {"out": str(options.out), "risks": delivered.risks}


def _flatten(out: Path, case: str) -> None:
    """The demonstration has one case: its files lie beside the table, not in a folder of their own."""
    for file in (out / case).iterdir():
        file.replace(out / file.name)
    (out / case).rmdir()
