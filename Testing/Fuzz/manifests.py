"""Manifests from strangers, in CSV and in Parquet, and what their cells lead to."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from mutation import NUMBERS, WORDS, mutated_bytes, mutated_text, odd_value, pick
from target import Target

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.cohort import load_case, read_manifest
from RadFusionLib.errors import RadFusionError
from RadFusionLib.imaging import write_volume

__all__ = ["Manifests"]

PHASES = ("AP",)
COLUMNS = (
    "case", "image:AP", "mask:tumor", "mask:liver", "mask:tumor@2", "clinical:age", "outcome", "time:DFS", "event:DFS",
    "treatment", "center", "scanner", "split", "simulated", "truth:risk",
)  # fmt: skip
ODD_COLUMNS = ("mask:tumor:AP@1.2", "image:XX", "mask:", "clinical:", "mask:tumor@", "finding:x@2", "latent:b", "case")
LOADED = 2
BOMB = 20_000_000


class Manifests(Target):
    """A manifest of three cases with small images, altered; then read, and two of its cases loaded."""

    name: ClassVar[str] = "manifests"
    reads_anywhere: ClassVar[bool] = True

    def whole(self) -> list[Path]:
        geometry = Geometry((6, 5, 4), (1.0, 1.0, 2.0))
        values = np.random.default_rng(1).normal(100, 10, geometry.shape).astype(np.float32)
        write_volume(Volume(values, geometry), self.folder / "ap.nrrd")
        write_volume(Volume(values > 105, geometry), self.folder / "tumor.nrrd")
        os.mkfifo(self.folder / "pipe")
        row = [
            "ap.nrrd",
            "tumor.nrrd",
            "tumor.nrrd#1",
            "tumor.nrrd",
            "61",
            "1",
            "12.5",
            "0",
            "TACE",
            "A",
            "B",
            "train",
            "1",
            "",
        ]
        self._rows = [list(COLUMNS), *[[f"c{number}", *row] for number in range(3)]]
        (self.folder / "m.csv").write_bytes(_csv(self._rows))
        self._write_parquet(self._table())
        return [self.folder / "m.csv", self.folder / "m.parquet"]

    def mutant(self, rng: np.random.Generator) -> Path:
        if rng.random() < 0.7:
            path = self.folder / "m.csv"
            path.write_bytes(self._odd_csv(rng))
            return path
        self._odd_parquet(rng)
        return self.folder / "m.parquet"

    def use(self, path: Path) -> None:
        manifest = read_manifest(path)
        out = (self.folder / "out").resolve()
        for row in manifest:
            if (out / row.id).resolve().parent != out:
                raise ValueError(f"the results of {row.id!r} would leave their folder")
        for row in list(manifest)[:LOADED]:
            try:
                load_case(row, PHASES)
            except RadFusionError as error:
                # The next case is still tried, as a run would.
                last: RadFusionError | None = error
            else:
                last = None
        if last is not None:
            raise last

    def _odd_csv(self, rng: np.random.Generator) -> bytes:
        way = int(rng.integers(6))
        whole = _csv(self._rows)
        if way == 0:
            return mutated_bytes(whole, rng)
        if way == 1:
            return mutated_text(whole.decode(), rng).encode("utf-8", "surrogatepass")
        if way == 2 and rng.random() < 0.1:
            return pick(
                rng,
                (
                    b"case\n" + b"c\n" * 50_000,
                    b"case," + b",".join(b"clinical:%d" % n for n in range(20_000)) + b"\nc0" + b",1" * 20_000 + b"\n",
                    b"\xff\xfe" + whole,
                    b"\0" * 100_000,
                    b'case\n"' + b"x" * 1_000_000,
                    b"",
                    b"case",
                    b"\n\n\n",
                ),
            )
        rows = [list(row) for row in self._rows]
        for _ in range(int(rng.integers(1, 5))):
            row = pick(rng, rows)
            column = int(rng.integers(len(row)))
            if row is rows[0]:
                row[column] = pick(rng, ODD_COLUMNS) if rng.random() < 0.6 else pick(rng, WORDS)
            else:
                row[column] = str(odd_value(rng, row[column]))[:200_000]
        return _csv(rows)

    def _table(self) -> dict[str, Any]:
        return {name: [row[at] for row in self._rows[1:]] for at, name in enumerate(COLUMNS)}

    def _odd_parquet(self, rng: np.random.Generator) -> None:
        table = self._table()
        if rng.random() < 0.5:
            self._write_parquet(table)
            path = self.folder / "m.parquet"
            path.write_bytes(mutated_bytes(path.read_bytes(), rng))
            return
        for _ in range(int(rng.integers(1, 4))):
            name = pick(rng, COLUMNS)
            table[name] = pick(rng, (_numbers, _words, _lists, _bytes, _times, _repeated))(rng)
        self._write_parquet(table)

    def _write_parquet(self, table: dict[str, Any]) -> None:
        path = self.folder / "m.parquet"
        longest = max(len(column) for column in table.values())
        columns = {
            name: column if len(column) == longest else [*column, *([None] * (longest - len(column)))]
            for name, column in table.items()
        }
        try:
            pq.write_table(pa.table(columns), path)
        except (pa.ArrowException, ValueError, TypeError, OverflowError, UnicodeEncodeError):
            path.write_bytes(b"PAR1")


def _numbers(rng: np.random.Generator) -> Any:
    return [float(pick(rng, NUMBERS)) for _ in range(3)]


def _words(rng: np.random.Generator) -> Any:
    return [pick(rng, WORDS) for _ in range(3)]


def _lists(rng: np.random.Generator) -> Any:
    return [[pick(rng, WORDS)], [], [pick(rng, WORDS), ""]]


def _bytes(rng: np.random.Generator) -> Any:
    return [rng.bytes(5), b"", b"\xff"]


def _times(rng: np.random.Generator) -> Any:
    return pa.array([0, 1, 2**62], pa.timestamp(pick(rng, ("s", "ns"))))


def _repeated(rng: np.random.Generator) -> Any:
    """Many rows of one value: next to nothing in the file."""
    if rng.random() < 0.9:
        return ["c"] * 50_000
    return pa.DictionaryArray.from_arrays(np.zeros(BOMB, dtype=np.int8), ["c" * 100])


def _csv(rows: list[list[str]]) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode("utf-8", "surrogatepass")
