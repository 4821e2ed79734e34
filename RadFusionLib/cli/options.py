"""Options that several subcommands share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from RadFusionLib.deep import Weights
from RadFusionLib.errors import InputError
from RadFusionLib.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from RadFusionLib.computing import Workers

__all__ = [
    "add_computing",
    "add_recipe",
    "add_resume",
    "add_scale",
    "check_out_file",
    "check_out_folder",
    "chosen_recipe",
    "chosen_weights",
    "chosen_workers",
    "jobs",
]


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """``--recipe``, ``--profile``, ``--weights``."""
    parser.add_argument("--recipe", required=True, help="a recipe's name, or a YAML file")
    parser.add_argument("--profile", default="paper", help="paper (default) or small")
    parser.add_argument("--weights", help="a network file, a stored name, or random; default: the recipe's own")


def add_computing(parser: argparse.ArgumentParser) -> None:
    """``--jobs`` and ``--device``."""
    parser.add_argument("--jobs", type=jobs, default=1, help="processes (default 1; 0 for all cores)")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda, for networks and CR features")


def add_scale(parser: argparse.ArgumentParser) -> None:
    """``--scheduler`` and ``--resume``."""
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler (tcp://...) whose workers do the work")
    add_resume(parser)


def add_resume(parser: argparse.ArgumentParser) -> None:
    """``--resume``."""
    parser.add_argument(
        "--resume",
        action="store_true",
        help="take what an earlier run finished with the same images, masks, recipe steps and software; repeat no more",
    )


def chosen_workers(options: argparse.Namespace) -> Workers:
    """Who works on the cases, by ``--jobs`` and ``--scheduler``."""
    from RadFusionLib.computing import workers_of

    return workers_of(options.jobs, options.scheduler)


def chosen_recipe(options: argparse.Namespace) -> Recipe:
    """The recipe with its profile; ``--weights`` is also where its trained networks start from."""
    recipe = load_recipe(options.recipe, options.profile)
    return recipe.with_initial_weights(options.weights) if options.weights else recipe


def chosen_weights(options: argparse.Namespace, recipe: Recipe) -> Weights | None:
    """The network's weights, or None when the recipe has no deep features."""
    from RadFusionLib.deep import resolve_weights

    if "dlr" not in recipe.image_families:
        return None
    return resolve_weights(recipe.dlr["network"], options.weights or recipe.dlr.get("weights"))


def check_out_file(path: Path) -> None:
    """Refuse, before any work is done, a file that could not be written after it."""
    if path.is_dir():
        raise InputError(f"--out {path} is a folder; name a file to write.")
    check_out_folder(path.parent)


def check_out_folder(folder: Path) -> None:
    """Refuse, before any work is done, a folder that could not be written to after it."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise InputError(f"--out: {there} is a file, not a folder; name another place.")
    if not os.access(there, os.W_OK):
        raise InputError(f"--out: {there} may not be written to; change its rights or name another place.")


def jobs(text: str) -> int:
    """A number of processes or threads; 0 means as many as there are cores."""
    try:
        count = int(text)
    except ValueError:
        count = -1
    if count < 0:
        raise argparse.ArgumentTypeError(f"give a whole number from 0 (all cores), not {text!r}")
    return count or os.cpu_count() or 1
