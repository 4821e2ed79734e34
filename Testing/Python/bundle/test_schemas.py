"""One bundle of each schema is kept: the present one is read as ever, older ones are refused with their reason."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load

from RadFusionLib.bundle import Bundle
from RadFusionLib.bundle.archive import INDEX, REFUSED, SCHEMA
from RadFusionLib.errors import BundleError

sys.path.insert(0, str(Path(__file__).parent))
from every_kind import asked, bundle_of_every_kind

SCHEMAS = Path(__file__).parent / "schemas"
BY_DATA = (
    "folds", "inner_auc", "models", "out_of_fold_auc", "published", "quantiles", "signatures", "units", "versions",
)  # fmt: skip
"""Mappings whose keys are names of cases, features, models and packages, not of the format."""


def kept(schema: int) -> Path:
    return SCHEMAS / f"schema-{schema}.radfusion"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this version writes."""
    return bundle_of_every_kind().save(tmp_path_factory.mktemp("fresh") / "fresh.radfusion")


def structure(path: Path) -> set[str]:
    """Every key of the index with the kind of its value, and every array with its type and number of axes."""
    with zipfile.ZipFile(path) as archive:
        index = json.loads(archive.read(INDEX))
        arrays = load(archive.read("estimators.safetensors"))
        found = {f"file {name}" for name in archive.namelist()}
    # The recipe has a schema of its own.
    document = index["recipe"].pop("document")
    found |= {f"recipe {key}" for key in document}
    found |= set(_keys(index, ""))
    for name, array in arrays.items():
        found.add(f"array {re.sub(r'[0-9]+', '#', name)} {array.dtype} {array.ndim}")
    return found


def _keys(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"{place}{{}}"
        for key, entry in value.items():
            yield from _keys(entry, f"{place}.{'*' if place.rpartition('.')[2] in BY_DATA else key}")
    elif isinstance(value, list):
        yield f"{place}[]"
        for entry in value:
            yield from _keys(entry, f"{place}[]")
    else:
        kind = type(value).__name__
        yield f"{place} {'number' if kind in ('int', 'float') else kind}"


def test_one_bundle_of_every_schema_is_kept() -> None:
    assert sorted(path.name for path in SCHEMAS.glob("*.radfusion")) == [
        kept(schema).name for schema in range(1, SCHEMA + 1)
    ]
    assert sorted(REFUSED) == list(range(1, SCHEMA))


def test_the_kept_bundle_of_the_present_schema_predicts_what_it_did() -> None:
    expected = json.loads((SCHEMAS / f"schema-{SCHEMA}.json").read_text())
    risks = Bundle.load(kept(SCHEMA)).ensemble.predict(asked())
    for risk, known in zip(risks, expected, strict=True):
        found = asdict(risk)
        assert found.pop("group") == known.pop("group")
        assert list(found.pop("members")) == pytest.approx(known.pop("members"), abs=1e-12)
        assert found == pytest.approx(known, abs=1e-12)


@pytest.mark.parametrize("schema", sorted(REFUSED))
def test_an_older_bundle_is_refused_with_its_reason(schema: int) -> None:
    with pytest.raises(BundleError, match=f"has the bundle schema {schema}; .* train it again") as caught:
        Bundle.load(kept(schema))
    assert REFUSED[schema] in str(caught.value)


def test_a_bundle_of_a_later_schema_is_refused_by_its_number(tmp_path: Path) -> None:
    with zipfile.ZipFile(kept(SCHEMA)) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    index = json.loads(content[INDEX])
    index["schema"] = SCHEMA + 1
    with zipfile.ZipFile(tmp_path / "later.radfusion", "w") as archive:
        for name, data in {**content, INDEX: json.dumps(index).encode()}.items():
            archive.writestr(name, data)
    with pytest.raises(BundleError, match=f"schema {SCHEMA + 1}; this version reads schema {SCHEMA}"):
        Bundle.load(tmp_path / "later.radfusion")


def test_the_format_does_not_change_without_a_new_schema(fresh: Path) -> None:
    now, then = structure(fresh), structure(kept(SCHEMA))
    assert now == then, (
        f"the bundle's format changed (new: {sorted(now - then)}; gone: {sorted(then - now)}): raise SCHEMA in "
        "RadFusionLib/bundle/archive.py, say in REFUSED why the old one is not read, and keep a bundle of the new one "
        "with Testing/Python/bundle/keep_schema.py"
    )


def test_a_changed_format_would_be_noticed(tmp_path: Path) -> None:
    with zipfile.ZipFile(kept(SCHEMA)) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    index = json.loads(content[INDEX])
    index["record"]["hospital"] = ""
    del index["ensemble"]["threshold"]
    with zipfile.ZipFile(tmp_path / "other.radfusion", "w") as archive:
        for name, data in {**content, INDEX: json.dumps(index).encode()}.items():
            archive.writestr(name, data)
    differing = structure(tmp_path / "other.radfusion") ^ structure(kept(SCHEMA))
    assert differing == {".record.hospital str", ".ensemble.threshold number"}
