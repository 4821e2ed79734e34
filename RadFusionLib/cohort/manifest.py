"""The manifest: one row a case, in CSV or Parquet."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from RadFusionLib.case import PHASES, REGIONS, MaskKey
from RadFusionLib.cohort.repeated import repeated
from RadFusionLib.errors import ManifestError

__all__ = ["CaseRow", "Manifest", "read_manifest"]

PLAIN = ("case", "outcome", "treatment", "center", "scanner", "split", "simulated")
PREFIXES = ("image", "mask", "clinical", "time", "event", "truth", "finding", "latent")
OUTPUTS = (".csv", ".partial")
"""Endings of the tables that lie beside the cases' folders; no folder may take their names."""

MOST_PATH = 4096
MOST_BYTES = 64 << 20
MOST_CELLS = 20_000_000
"""A Parquet file says in a few bytes that a value is there a thousand million times."""

MASK = re.compile(r"mask:(?P<region>[^:@]+)(:(?P<phase>[^@]+))?(@(?P<reader>[^.]+)(\.(?P<reading>.+))?)?$")


@dataclass(frozen=True)
class CaseRow:
    """What the manifest says of one case; nothing is read from the images yet.

    Parameters
    ----------
    id : str
        The case id.
    images : mapping of str to Path
        File or DICOM folder by phase.
    masks : mapping of MaskKey to str
        Path, perhaps with ``#segment``.
    clinical : mapping of str to float
        By name; NaN where the cell is empty.
    clinical_readings : mapping of str to mapping of str to float
        The same by another reader: by reader, then by name.
    outcome : int or None
        0, 1, or unknown.
    times, events : mapping of str to float
        By endpoint, months and 0/1.
    """

    id: str
    images: Mapping[str, Path]
    masks: Mapping[MaskKey, str]
    clinical: Mapping[str, float] = field(default_factory=dict)
    outcome: int | None = None
    times: Mapping[str, float] = field(default_factory=dict)
    events: Mapping[str, float] = field(default_factory=dict)
    treatment: str = ""
    center: str = ""
    scanner: str = ""
    split: str = ""
    simulated: bool = False
    clinical_readings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    truth: Mapping[str, Path] = field(default_factory=dict)

    @property
    def readings(self) -> tuple[str, ...]:
        """The repeated readings of the tumour, as :attr:`MaskKey.reading_name` names them."""
        return tuple(sorted({key.reading_name for key in self.masks if key.region == "tumor" and key.reading_name}))


@dataclass(frozen=True)
class Manifest:
    """The rows of a manifest and where it lies."""

    path: Path
    rows: tuple[CaseRow, ...]

    def __iter__(self) -> Iterator[CaseRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, case: str) -> CaseRow:
        """The row of a case id."""
        for row in self.rows:
            if row.id == case:
                return row
        raise ManifestError(f"{self.path} has no case {case}.")

    def of_split(self, split: str) -> Manifest:
        """The rows of ``train`` or ``test``; all of them when the manifest names no split."""
        if not any(row.split for row in self.rows):
            return self
        return Manifest(self.path, tuple(row for row in self.rows if row.split == split))

    def outcomes(self) -> np.ndarray:
        """Outcomes of all rows, shape (n,), 0 or 1.

        Raises
        ------
        ManifestError
            When a case has none.
        """
        missing = [row.id for row in self.rows if row.outcome is None]
        if missing:
            raise ManifestError(
                f"{self.path} gives no outcome for {len(missing)} cases (the first is {missing[0]}); fill the column."
            )
        return np.array([row.outcome for row in self.rows], dtype=int)


def read_manifest(path: str | Path) -> Manifest:
    """Read a manifest and check it.

    Raises
    ------
    ManifestError
        When the file cannot be read, a column or value is not as the contract says, or a case id is missing or
        there twice.
    """
    path = Path(path)
    frame = _read_frame(path)
    columns = [str(c) for c in frame.columns]
    if "case" not in columns:
        raise ManifestError(f"{path} has no column 'case'; give each row a unique id.")
    twice = repeated(columns)
    if twice:
        raise ManifestError(f"{path} has the column {twice[0]!r} twice; remove one.")
    for column in columns:
        _check_column(column, path)
    rows = tuple(_row(record, path) for record in frame.to_dict("records"))
    if not rows:
        raise ManifestError(f"{path} lists no case.")
    double = repeated(row.id for row in rows)
    if double:
        raise ManifestError(f"{path} lists the case {double[0]!r} more than once; ids must be unique.")
    return Manifest(path, rows)


def _read_frame(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise ManifestError(f"{path} does not exist; give the manifest's path.")
    if path.stat().st_size > MOST_BYTES:
        raise ManifestError(f"{path} is larger than a manifest can be ({MOST_BYTES >> 20} MB); name another file.")
    try:
        return _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except ManifestError:
        raise
    except Exception as error:
        # Parsers raise nearly every kind of error on a table that is none.
        raise ManifestError(f"{path} cannot be read as a table; save it as CSV (UTF-8) or Parquet.") from error


def _read_csv(path: Path) -> pd.DataFrame:
    # Without a header: pandas would rename a column that is there twice, and "@2.1" is another reading.
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", header=None)
    frame = table.iloc[1:]
    frame.columns = pd.Index([_text(name) for name in table.iloc[0]])
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        said = file.metadata
        groups = range(said.num_row_groups)
        if said.num_rows * said.num_columns > MOST_CELLS or sum(said.row_group(g).total_byte_size for g in groups) > (
            4 * MOST_BYTES
        ):
            raise ManifestError(f"{path} claims more cells than a manifest can have; name another file.")
    frame = pd.read_parquet(path)
    frame.columns = pd.Index([str(c).strip() for c in frame.columns])
    return frame


def _check_column(column: str, path: Path) -> None:
    prefix, _, rest = column.partition(":")
    if column in PLAIN or (prefix in PREFIXES and rest and prefix not in ("image", "mask")):
        return
    if prefix == "image" and rest in PHASES:
        return
    if prefix == "image":
        raise ManifestError(f"{path}: column {column!r} names no known phase; use one of {', '.join(PHASES)}.")
    match = MASK.match(column)
    if match and match["region"] in REGIONS and (not match["phase"] or match["phase"] in PHASES):
        return
    raise ManifestError(
        f"{path}: column {column!r} is not known; the manifest takes {', '.join(PLAIN)} and "
        f"{', '.join(p + ':...' for p in PREFIXES[:6])}."
    )


def _row(record: Mapping[Any, Any], path: Path) -> CaseRow:
    base = path.parent
    case = _text(record.get("case"))
    if not re.fullmatch(r"[\w.+-][\w .+-]{0,99}", case) or case in (".", "..") or case.lower().endswith(OUTPUTS):
        raise ManifestError(f"{path}: {case!r} cannot be a case id; use letters, digits, '.', '_', '+' and '-'.")
    parts: dict[str, dict[Any, Any]] = {prefix: {} for prefix in PREFIXES}
    again: dict[str, dict[str, float]] = {}
    for column, value in record.items():
        prefix, _, rest = str(column).partition(":")
        text = _text(value)
        if prefix in ("image", "mask", "truth") and not _is_path(text):
            raise ManifestError(f"{path}: case {case} has {text!r} under {column!r}, which is no path on this machine.")
        if prefix in ("image", "truth") and text:
            parts[prefix][rest] = base / text
        elif prefix == "mask" and text:
            match = MASK.match(str(column))
            assert match is not None
            key = MaskKey(match["region"], match["phase"] or "", match["reader"] or "", match["reading"] or "")
            parts["mask"][key] = str(base / text)
        elif prefix == "clinical" and "@" in rest:
            name, _, reader = rest.partition("@")
            again.setdefault(reader, {})[name] = _number(text, column, case, path)
        elif prefix in ("clinical", "time", "event"):
            parts[prefix][rest] = _number(text, column, case, path)
    outcome = _number(_text(record.get("outcome")), "outcome", case, path)
    if not (math.isnan(outcome) or outcome in (0, 1)):
        raise ManifestError(f"{path}: case {case} has the outcome {outcome:g}; it must be 0 or 1, or empty.")
    for endpoint, event in parts["event"].items():
        if not (math.isnan(event) or event in (0, 1)):
            raise ManifestError(f"{path}: case {case} has the event:{endpoint} {event:g}; it must be 0 or 1, or empty.")
    for endpoint, time in parts["time"].items():
        if time < 0:
            raise ManifestError(f"{path}: case {case} has the time:{endpoint} {time:g}; give months from 0 up.")
    split = _text(record.get("split"))
    if split not in ("", "train", "test"):
        raise ManifestError(f"{path}: case {case} has the split {split!r}; it must be train or test, or empty.")
    return CaseRow(
        id=case,
        images=parts["image"],
        masks=parts["mask"],
        clinical=parts["clinical"],
        outcome=None if math.isnan(outcome) else int(outcome),
        times=parts["time"],
        events=parts["event"],
        treatment=_text(record.get("treatment")),
        center=_text(record.get("center")),
        scanner=_text(record.get("scanner")),
        split=split,
        simulated=_text(record.get("simulated")).lower() in ("1", "true", "1.0"),
        clinical_readings=again,
        truth=parts["truth"],
    )


def _is_path(text: str) -> bool:
    """Whether a cell can be a path: printable, and on no other machine, which a look would open a connection to."""
    short = len(text) < MOST_PATH and all(len(part.encode()) < 256 for part in Path(text).parts)
    return text.isprintable() and short and not text.startswith(("\\\\", "//"))


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA:
        return ""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        # A column of whole numbers with a gap comes out of Parquet as floats.
        return str(int(value))
    return str(value).strip()


def _number(text: str, column: object, case: str, path: Path) -> float:
    if not text:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        number = math.inf
    if math.isinf(number):
        raise ManifestError(f"{path}: case {case} has {text!r} under {column!r}, which is not a number.")
    return number
