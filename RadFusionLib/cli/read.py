"""Read cases in a browser: segment, predict, explain and save, on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from RadFusionLib.cli.demo import BUNDLE, SEED
from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.errors import InputError
from RadFusionLib.resources import resource

HELP = "read cases in a browser"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", help="default: the demonstration bundle")
    parser.add_argument("--manifest", help="default: the built-in simulated case")
    parser.add_argument("--port", type=_port, default=0, help="default: a free one")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    parser.add_argument("--host", default="127.0.0.1", help="another address needs a token (default 127.0.0.1)")
    parser.add_argument("--token", default="", help="who opens the page must know it; one is made where it is needed")
    parser.add_argument(
        "--allow-demonstration",
        action="store_true",
        help="let a bundle trained on simulated cases predict other cases, to try the software",
    )


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    import asyncio

    from RadFusionLib.web.application import serve
    from RadFusionLib.web.case_list import CaseList

    bundle = Path(options.bundle) if options.bundle else resource("Bundles", BUNDLE)
    if not bundle.is_file():
        raise InputError(f"The bundle {bundle} does not exist; correct the path.")
    cases = CaseList(seed=SEED)
    if options.manifest:
        from RadFusionLib.cohort import read_manifest

        cases = CaseList(read_manifest(options.manifest))

    def say(address: str) -> None:
        # Also where remarks are not wanted: without the address there is no way in.
        print(f"The reader is at {address} (Ctrl-C ends it)", flush=True)

    asyncio.run(
        serve(
            bundle,
            cases,
            host=options.host,
            port=options.port,
            token=options.token,
            browser=not options.no_browser,
            allow_demonstration=options.allow_demonstration,
            say=say,
        )
    )
    return 0, {}


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"give a port from 0 (any) to 65535, not {text!r}")
    return port
