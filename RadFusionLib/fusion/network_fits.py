"""How a training fits its networks: what an interrupted run had finished, who is told, what is written down."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from RadFusionLib.computing import Entry, Store, digest_of, engine_digest
from RadFusionLib.fusion.network_score import NetworkScore, fit_network, initial_weights
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.progress import Stage

__all__ = ["PLAIN", "NetworkFits", "begin_log", "forget_fits"]

FITTED, HELD_OUT, BEGUN = "networks", "held-out", "begun-networks"
"""Kinds of kept work: whole networks, what a network said of cases it was fitted without, and checkpoints."""
SOURCES = ("deep", "fusion/network_fits.py", "fusion/network_score.py")
"""Sources that a fitted network depends on, within RadFusionLib."""
COLUMNS = ("part", "member", "network", "fit", "cases", "epoch", "loss", "AUC")


@dataclass(frozen=True)
class NetworkFits:
    """Fits networks, and knows where in the training each fit stands.

    A fit is kept by the digest of all that it depends on: images and outcomes of its cases, the recipe's section with
    its device, the initial weights, the seed, and the sources and packages. So a kept fit is the one that would be
    made, to the last bit, and one that is stale is never found.

    Parameters
    ----------
    store : Store, optional
        Where fits are kept, finished ones and checkpoints of the one that is under way.
    resume : bool
        Whether to take what is kept.
    log : Path, optional
        A table begun by :func:`begin_log`, which gets a line an epoch when a fit ends.
    progress : Stage
        Told loss and AUC after every step; may cancel.
    place : mapping of str to str
        ``part``, ``member`` and ``fit``, for log and messages.
    """

    store: Store | None = None
    resume: bool = False
    log: Path | None = None
    progress: Stage = field(default_factory=Stage)
    place: Mapping[str, str] = field(default_factory=dict)

    def at(self, number: int, count: int, **place: str) -> NetworkFits:
        """The share of this training that is ``number``, from 0, of ``count``."""
        share = self.progress.part(number / count, (number + 1) / count)
        return replace(self, progress=share, place={**self.place, **place})

    def told(self, progress: Stage) -> NetworkFits:
        """The same, telling another stage; a silent one can be sent to another process."""
        return replace(self, progress=progress)

    def fit(
        self, table: FeatureTable, y: np.ndarray, network: str, section: Mapping[str, Any], seed: int
    ) -> NetworkScore:
        """Fit a network as :func:`~RadFusionLib.fusion.network_score.fit_network` does, or take it from the store."""
        if self.store is None:
            return self._fitted(table, y, network, section, seed, "")
        key = _key(table, y, network, section, seed)
        kept = self.store.get(FITTED, key) if self.resume else None
        if kept is None:
            score = self._fitted(table, y, network, section, seed, key)
            self.store.put(FITTED, key, Entry(*score.to_parts()))
            return score
        score = NetworkScore.from_parts(kept.note, kept.arrays)
        score = replace(score, classifier=score.classifier.on_device(section["training"].get("device", "cpu")))
        self._write_down(network, len(y), score.classifier.history_)
        return score

    def held_out(
        self,
        table: FeatureTable,
        y: np.ndarray,
        network: str,
        section: Mapping[str, Any],
        seed: int,
        unseen: FeatureTable,
    ) -> np.ndarray:
        """What a network that is fitted to ``table`` says of ``unseen``, shape (n,); only that is kept of it."""
        if self.store is None:
            return self._fitted(table, y, network, section, seed, "").signature(unseen)
        key = _key(table, y, network, section, seed)
        said = digest_of(key, *unseen.images[network])
        kept = self.store.get(HELD_OUT, said) if self.resume else None
        if kept is None:
            score = self._fitted(table, y, network, section, seed, key)
            kept = Entry({"history": score.classifier.history_}, {"signature": score.signature(unseen)})
            self.store.put(HELD_OUT, said, kept)
        else:
            self._write_down(network, len(y), kept.note["history"])
        return kept.arrays["signature"]

    def _fitted(
        self, table: FeatureTable, y: np.ndarray, network: str, section: Mapping[str, Any], seed: int, key: str
    ) -> NetworkScore:
        begun = None if self.store is None else self.store.folder / BEGUN / f"{key}.safetensors"
        if begun is not None:
            begun.parent.mkdir(parents=True, exist_ok=True)
            if not self.resume:
                begun.unlink(missing_ok=True)
        progress = Stage(lambda fraction, message: self.progress(fraction, f"{message} ({self._where(network)})"))
        score = fit_network(table, y, network, section, seed, checkpoint=begun, progress=progress)
        self._write_down(network, len(y), score.classifier.history_)
        return score

    def _where(self, network: str) -> str:
        words = [network, self.place.get("fit", ""), f"{self.place.get('part', '')} {self.place.get('member', '')}"]
        return ", ".join(word for word in map(str.strip, words) if word)

    def _write_down(self, network: str, cases: int, history: Sequence[Mapping[str, float | None]]) -> None:
        if self.log is None:
            return
        place = [self.place.get("part", ""), self.place.get("member", ""), network, self.place.get("fit", ""), cases]
        rows = [[*place, i, row.get("loss"), row.get("AUC")] for i, row in enumerate(history, start=1)]
        # Several processes append to it: one write each, which the system keeps whole.
        with self.log.open("ab", buffering=0) as stream:
            stream.write(_lines(rows))


PLAIN = NetworkFits()
"""Keeps nothing, tells nobody."""


def begin_log(path: Path) -> None:
    """Begin a table of fits: a line an epoch, with loss and AUC of the images that the network is fitted to."""
    path.write_bytes(_lines([COLUMNS]))


def forget_fits(store: Store) -> None:
    """Remove what is kept of the fits of a training whose bundle is written: each is as large as its network."""
    for kind in (FITTED, HELD_OUT, BEGUN):
        shutil.rmtree(store.folder / kind, ignore_errors=True)


def _key(table: FeatureTable, y: np.ndarray, network: str, section: Mapping[str, Any], seed: int) -> str:
    start = initial_weights(network, section, seed)
    known = [engine_digest(SOURCES), network, section, seed, start.sha256]
    return digest_of(*known, np.asarray(y), *table.images[network])


def _lines(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
