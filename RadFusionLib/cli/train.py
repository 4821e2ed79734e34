"""Train a recipe on a cohort into a bundle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from RadFusionLib.cli.options import (
    add_computing,
    add_recipe,
    add_resume,
    check_out_file,
    chosen_recipe,
    chosen_weights,
)
from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.progress import Stage

if TYPE_CHECKING:
    from RadFusionLib.bundle import Bundle

HELP = "train a recipe on a cohort into a bundle"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    add_computing(parser)
    add_resume(parser)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--features", help="a Parquet file of radfusion extract; extracted now when not given")
    parser.add_argument("--out", required=True, type=Path, help="the .radfusion file to write")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--figures", type=Path, help="folder for the paths of a LASSO and the training of a network, as SVG"
    )
    parser.add_argument(
        "--protocol",
        default="strict",
        choices=("strict", "published"),
        help="published: measure beside the strict result what the paper's own protocol would have reported",
    )


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    from RadFusionLib.cohort import read_features, read_manifest
    from RadFusionLib.computing import FOLDER, output_of
    from RadFusionLib.fusion.network_fits import forget_fits
    from RadFusionLib.workflow import train

    check_out_file(options.out)
    recipe = chosen_recipe(options)
    manifest = read_manifest(options.manifest)
    features = read_features(options.features) if options.features else None
    log = options.out.with_suffix(".training.csv") if any(model.network for model in recipe.models) else None
    out = options.out.absolute()
    with output_of(out.with_name(f".{out.name}{FOLDER}"), options.out, (options.out,)) as store:
        bundle = train(
            recipe,
            manifest,
            features=features,
            weights=chosen_weights(options, recipe),
            seed=options.seed,
            jobs=options.jobs,
            device=options.device,
            published=options.protocol == "published",
            store=store,
            resume=options.resume,
            log=log,
            progress=Stage(bar),
        )
        bundle.save(options.out)
        forget_fits(store)
    if options.figures:
        _draw(bundle, options.figures, bar)
    auc = bundle.record.out_of_fold_auc
    bar.say(f"{options.out}: {bundle.record.cases} cases, out-of-fold AUC {auc['ensemble']:.3f}")
    if log is not None:
        bar.say(f"{log}: loss and AUC by epoch of every fit of a network, of the images it was fitted to")
    if bundle.record.published:
        bar.say(bundle.record.optimism)
    bar.say(bundle.notice)
    report = {"out": str(options.out), "cases": bundle.record.cases, "auc": dict(auc)}
    return 0, report | ({"published": dict(bundle.record.published)} if bundle.record.published else {})


def _draw(bundle: Bundle, folder: Path, bar: ProgressBar) -> None:
    from RadFusionLib.evaluation.report.training_figures import write_training_figures
    from RadFusionLib.fusion.model_signatures import network_histories

    drawn = write_training_figures(folder, bundle.record.paths, network_histories(bundle.ensemble.members))
    bar.say(f"{folder}: {len(drawn)} figures" if drawn else "The recipe has no LASSO and trains no network: no figure.")
