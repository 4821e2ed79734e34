"""Parse the command line, run a subcommand, and turn errors into one sentence and an exit code."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
from collections.abc import Sequence

from RadFusionLib import __version__
from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.errors import Cancelled, RadFusionError

__all__ = ["SUBCOMMANDS", "main"]

SUBCOMMANDS = ("demo", "recipes", "simulate", "shell", "extract", "train", "predict", "bundle", "weights")
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    int
        0 all well; 1 some cases failed, the rest delivered; 2 unusable input, said in one sentence; 130 interrupted.
    """
    options = _parser().parse_args(arguments)
    # The same kernels in every process: numbers must not depend on how many threads a library took.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ProgressBar(quiet=options.quiet) as bar:
            code, result = options.run(options, bar)
    except (KeyboardInterrupt, Cancelled):
        print("\nStopped; nothing half-written is left.", file=sys.stderr)
        return INTERRUPTED
    except RadFusionError as error:
        _finish(options, {"error": str(error)})
        print(f"radfusion: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except OSError as error:
        print(
            f"radfusion: {error.strerror or error}: {error.filename or 'a file'}; check the path, its rights and the "
            "space left.",
            file=sys.stderr,
        )
        return 2
    _finish(options, result)
    return code


def _finish(options: argparse.Namespace, result: object) -> None:
    if options.json:
        print(json.dumps(result, sort_keys=True))


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="radfusion",
        description="From a liver scan and a drawn tumour to a calibrated, explained risk. Research use only.",
    )
    parser.add_argument("--version", action="version", version=f"RadFusion {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--quiet", action="store_true", help="no progress bar and no remarks")
    common.add_argument("--json", action="store_true", help="a machine-readable last line")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name in SUBCOMMANDS:
        module = importlib.import_module(f"RadFusionLib.cli.{name}")
        sub = subparsers.add_parser(name, help=module.HELP, description=module.__doc__, parents=[common])
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return parser
