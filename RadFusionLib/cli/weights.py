"""List, fetch or add pre-trained networks. Nothing is downloaded unless `fetch` asks for it."""

from __future__ import annotations

import argparse
from typing import Any

from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.errors import InputError
from RadFusionLib.progress import Stage

HELP = "list, fetch or add pre-trained networks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "fetch", "add"))
    parser.add_argument("name", nargs="?", help="fetch: a published name; add: a file")


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    from RadFusionLib.deep import WeightsStore

    store = WeightsStore()
    if options.action == "list":
        stored = store.list()
        for entry in stored:
            bar.say(f"{entry.name:12} {entry.network:10} {entry.source}, SHA-256 {entry.sha256[:16]}")
        missing = [name for name in store.published if name not in {e.name for e in stored}]
        for name in missing:
            bar.say(f"{name:12} not here; radfusion weights fetch {name}, or radfusion weights add FILE")
        return 0, {"stored": [e.name for e in stored], "published": sorted(store.published)}
    if not options.name:
        raise InputError(f"weights {options.action} needs {'a name' if options.action == 'fetch' else 'a file'}.")
    entry = store.fetch(options.name, Stage(bar)) if options.action == "fetch" else store.add(options.name)
    bar.say(f"{entry.name}: {entry.network}, {entry.source}, SHA-256 {entry.sha256[:16]}")
    return 0, {"name": entry.name, "sha256": entry.sha256}
