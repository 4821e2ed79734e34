"""Parse the command line, run a subcommand, and turn errors into one sentence and an exit code."""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from RadFusionLib import __version__
from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.errors import Cancelled, InputError, RadFusionError

__all__ = ["SUBCOMMANDS", "main"]

SUBCOMMANDS = (
    "demo",
    "recipes",
    "manifest",
    "simulate",
    "shell",
    "extract",
    "train",
    "evaluate",
    "predict",
    "read",
    "bundle",
    "weights",
)
INTERRUPTED = 130
UNEXPECTED = 70
"""A fault of ours (EX_SOFTWARE of sysexits.h), told apart from a cohort with failed cases."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    int
        0 all well; 1 some cases failed, the rest delivered; 2 unusable input, said in one sentence; 70 a fault of
        this software, with its traceback; 130 interrupted.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    # The same kernels in every process: numbers must not depend on how many threads a library took.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    before = _listen()
    try:
        return _run(words)
    except (KeyboardInterrupt, Cancelled):
        print("\nStopped; nothing half-written is left.", file=sys.stderr)
        return INTERRUPTED
    except RadFusionError as error:
        return _refuse(str(error), words)
    except BrokenPipeError:
        # Who read us (head, less) has seen enough; without this, Python complains when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        reason, file = error.strerror or str(error), error.filename or "a file"
        return _refuse(f"{reason}: {file}; check the path, its rights and the space left.", words)
    except Exception as error:
        traceback.print_exc()
        _finish(words, {"error": f"{type(error).__name__}: {error}"})
        return UNEXPECTED
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _run(words: Sequence[str]) -> int:
    options = _parser().parse_args(words)
    with ProgressBar(quiet=options.quiet) as bar:
        code, result = options.run(options, bar)
    _finish(words, result)
    return int(code)


def _refuse(sentence: str, words: Sequence[str]) -> int:
    _finish(words, {"error": sentence})
    print(f"radfusion: {sentence}", file=sys.stderr)
    return 2


def _finish(words: Sequence[str], result: object) -> None:
    if "--json" in words:
        print(json.dumps(_plain(result), sort_keys=True, allow_nan=False), flush=True)


def _plain(value: object) -> object:
    """What JSON knows: a number that is not finite becomes null."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _listen() -> Any:
    """Let SIGTERM stop the work as Ctrl-C does; only the main thread may."""
    if threading.current_thread() is not threading.main_thread():
        return None
    return signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the command line in one sentence, as all errors are said."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="radfusion",
        description="From a liver scan and a drawn tumour to a calibrated, explained risk. Research use only.",
    )
    parser.add_argument("--version", action="version", version=f"RadFusion {__version__}")
    common = _Parser(add_help=False)
    common.add_argument("--quiet", action="store_true", help="no progress bar and no remarks")
    common.add_argument("--json", action="store_true", help="a machine-readable last line")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name in SUBCOMMANDS:
        module = importlib.import_module(f"RadFusionLib.cli.{name}")
        sub = subparsers.add_parser(
            name, help=module.HELP, description=module.__doc__, parents=[common], allow_abbrev=False
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return parser
