"""Bundles from strangers: altered files, forged zips, and forged content whose every hash fits."""

from __future__ import annotations

import io
import json
import shutil
import warnings
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from mutation import WORDS, mutated_bytes, mutated_document, mutated_text, pick
from safetensors.numpy import load, save
from target import Target
from zips import bomb, directory_changed

from RadFusionLib.bundle import Bundle
from RadFusionLib.bundle.archive import INDEX, SCHEMA, read_archive, write_archive
from RadFusionLib.fusion import FeatureTable

__all__ = ["Bundles"]

KEPT = Path(__file__).resolve().parents[1] / "Python" / "bundle" / "schemas" / f"schema-{SCHEMA}.radfusion"
"""With a model of every kind; the tests keep one of each schema."""

ESTIMATORS = "estimators.safetensors"
KINDS = ("<f8", "<f4", "<i8", "<i4", "<u1", "?", "<f2")


class Bundles(Target):
    """A small bundle with a model of every kind, altered; then loaded, and asked for two risks."""

    name: ClassVar[str] = "bundles"

    def whole(self) -> list[Path]:
        self._path = self.folder / "b.radfusion"
        shutil.copy(KEPT, self._path)
        self._bytes = self._path.read_bytes()
        self._index, self._members = read_archive(self._path)
        self._arrays = load(self._members[ESTIMATORS])
        for key in ("members", "sha256", "schema"):
            self._index.pop(key)
        return [self._path]

    def mutant(self, rng: np.random.Generator) -> Path:
        way = pick(rng, (self._altered, self._rezipped, self._reindexed, self._reindexed, self._rearranged))
        self._path.unlink(missing_ok=True)
        way(rng)
        return self._path

    def use(self, path: Path) -> None:
        bundle = Bundle.load(path)
        names = sorted({*bundle.ensemble.features, *bundle.ensemble.interval_features, *bundle.domain.appearance})
        values = np.random.default_rng(0).normal(size=(2, len(names)))
        table = FeatureTable(("a", "b"), tuple(names), values, ("A", "unheard of"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            risks = bundle.ensemble.predict(table)
        for risk in risks:
            if not 0 <= risk.low <= risk.risk <= risk.high <= 1:
                raise ValueError(f"a risk of {risk}")
        said = (bundle.notice, bundle.name, *bundle.domain.warnings(table.rows([0]), "unheard of"))
        assert all(isinstance(text, str) for text in said)
        assert bundle.recipe.outcome["name"]
        assert bundle.record.prevalence >= 0

    def _altered(self, rng: np.random.Generator) -> None:
        self._path.write_bytes(mutated_bytes(self._bytes, rng))

    def _reindexed(self, rng: np.random.Generator) -> None:
        """Another description with hashes that fit."""
        index = mutated_document(self._index, rng)
        members = dict(self._members)
        if rng.random() < 0.1:
            members["card.md"] = mutated_text(self._members["card.md"].decode(), rng).encode("utf-8", "surrogatepass")
        self._write(index, members)

    def _rearranged(self, rng: np.random.Generator) -> None:
        """Other arrays with hashes that fit."""
        arrays = dict(self._arrays)
        for _ in range(int(rng.integers(1, 4))):
            name = pick(rng, sorted(arrays))
            change = pick(rng, ("kind", "shape", "values", "values", "gone", "renamed", "swapped"))
            array = arrays.pop(name)
            if change == "kind":
                with np.errstate(all="ignore"):
                    arrays[name] = array.astype(pick(rng, KINDS))
            elif change == "shape":
                arrays[name] = np.resize(array, tuple(rng.integers(0, 5, rng.integers(0, 4))))
            elif change == "values":
                arrays[name] = _odd_values(array, rng)
            elif change == "renamed":
                arrays[pick(rng, WORDS).encode("utf-8", "replace").decode()] = array
            elif change == "swapped" and arrays:
                other = pick(rng, sorted(arrays))
                arrays[name], arrays[other] = arrays[other], array
        data = save({key: np.ascontiguousarray(value) for key, value in arrays.items()})
        if rng.random() < 0.2:
            data = mutated_bytes(data, rng, 4096)
        self._write(self._index, {**self._members, ESTIMATORS: data})

    def _write(self, index: Any, members: dict[str, bytes]) -> None:
        try:
            write_archive(self._path, index if isinstance(index, dict) else {"index": index}, members)
        except (ValueError, RecursionError, UnicodeEncodeError):
            self._path.write_bytes(self._bytes[:-1])

    def _rezipped(self, rng: np.random.Generator) -> None:
        """The same content in a zip that no bundle has."""
        content = {INDEX: json.dumps(self._index).encode(), **self._members}
        with zipfile.ZipFile(KEPT) as archive:
            content[INDEX] = archive.read(INDEX)
        change = pick(rng, ("name", "link", "twice", "packing", "bomb", "sizes", "flags", "index", "bytes"))
        packing = zipfile.ZIP_DEFLATED
        if change == "packing":
            packing = pick(rng, (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_STORED))
        buffer = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", packing) as archive:
            warnings.simplefilter("ignore")
            for name, data in content.items():
                archive.writestr(name, data)
            if change == "name":
                archive.writestr(pick(rng, WORDS).encode("utf-8", "replace").decode() or "x", b"touch touched")
            elif change == "link":
                entry = zipfile.ZipInfo("link.md")
                entry.external_attr = 0o120777 << 16
                archive.writestr(entry, "../../outside/canary.nrrd")
            elif change == "twice":
                archive.writestr(pick(rng, sorted(content)), b"touch touched")
        data = buffer.getvalue()
        if change == "bomb":
            data = bomb(content, pick(rng, sorted(content)), pick(rng, (True, False)))
        elif change == "index":
            data = _with_index(
                content, pick(rng, (b"[" * 200_000, b"[" + b"[]," * 300_000, b'{"a":' * 50_000, b"9" * 10**6))
            )
        elif change in ("sizes", "flags", "packing"):
            data = directory_changed(data, rng, change)
        elif change == "bytes":
            data = mutated_bytes(data, rng)
        self._path.write_bytes(data)


def _odd_values(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    changed = array.copy()
    if changed.size:
        flat = changed.reshape(-1)
        odd = (np.nan, np.inf, -1, 0, 1e308, 2**31 - 1, -(2**31), 7, 1e-308)
        for place in rng.integers(0, flat.size, rng.integers(1, 6)):
            with np.errstate(all="ignore"):
                flat[place] = np.asarray([pick(rng, odd)]).astype(array.dtype)[0]
    return changed


def _with_index(content: dict[str, bytes], index: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**content, INDEX: index}.items():
            archive.writestr(name, data)
    return buffer.getvalue()
