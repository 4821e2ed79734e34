"""Show what a bundle says of itself, or verify that it is whole."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from RadFusionLib.cli.progress_bar import ProgressBar

HELP = "inspect or verify a bundle"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("inspect", "verify"))
    parser.add_argument("bundle", type=Path)


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    from RadFusionLib.bundle import Bundle

    bundle = Bundle.load(options.bundle)
    if options.action == "verify":
        bar.say(f"{options.bundle} is whole: every hash fits. ({bundle.name})")
    else:
        bar.say(bundle.card.rstrip())
    return 0, {
        "bundle": bundle.name,
        "cases": bundle.record.cases,
        "features": list(bundle.ensemble.features),
        "demonstration": bundle.record.demonstration,
    }
