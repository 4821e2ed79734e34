"""One of a recipe's models: what it sees, and the pipeline it is fitted by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from RadFusionLib.case import PHASES, REGIONS
from RadFusionLib.errors import RecipeError
from RadFusionLib.recipe.step import Step

__all__ = ["FAMILIES", "ModelSpec", "read_models"]

FAMILIES = ("cr", "dlr", "clinical")
SOURCES = ("families", "aggregate", "network", "stack")


@dataclass(frozen=True)
class ModelSpec:
    """One of the recipe's models.

    It has one source: feature ``families``; other models whose selected features it pools and selects from
    again (``aggregate``); a ``network`` trained on images; or other models' signatures (``stack``).

    Parameters
    ----------
    name : str
        Unique in the recipe.
    families, regions, phases, variables : tuple of str
        Of the features it may use; empty ``regions``, ``phases`` and ``variables`` mean all.
    aggregate, stack : tuple of str
        Names of earlier models.
    network : str
        A name of the recipe's ``networks``.
    clinical : str
        For a stack: the earlier model whose selected clinical variables join the signatures.
    steps : tuple of Step or None
        Its own; the recipe's when None.
    classifier : Step or None
        Its own; the recipe's when None.
    """

    name: str
    families: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    aggregate: tuple[str, ...] = ()
    stack: tuple[str, ...] = ()
    network: str = ""
    clinical: str = ""
    steps: tuple[Step, ...] | None = None
    classifier: Step | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The earlier models that this one needs."""
        return (*self.aggregate, *self.stack, *([self.clinical] if self.clinical else []))

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> ModelSpec:
        """Read an entry that :func:`read_models` has checked."""
        lists = ("families", "regions", "phases", "variables", "aggregate", "stack")
        steps, classifier = entry.get("steps"), entry.get("classifier")
        return cls(
            name=str(entry["name"]),
            **{key: tuple(entry.get(key, ())) for key in lists},
            network=str(entry.get("network", "")),
            clinical=str(entry.get("clinical", "")),
            steps=None if steps is None else tuple(Step.from_entry(step) for step in steps),
            classifier=None if classifier is None else Step.from_entry(classifier),
        )


def read_models(entries: Sequence[Any], networks: Sequence[str], variables: Sequence[str], where: str) -> None:
    """Check a recipe's models.

    Raises
    ------
    RecipeError
        When an entry has an unknown key, no source or more than one, or names what is not there.
    """
    known = {part.name for part in fields(ModelSpec)}
    names: list[str] = []
    for entry in entries:
        if not isinstance(entry, dict) or not entry.get("name") or set(entry) - known:
            raise RecipeError(f"{where}: the model {entry!r} must have a name and one of {', '.join(SOURCES)}.")
        if entry["name"] in names:
            raise RecipeError(f"{where} has the model {entry['name']} twice; rename one.")
        allowed: Mapping[str, Sequence[str]] = {
            "families": FAMILIES, "regions": REGIONS, "phases": PHASES, "variables": variables,
            "aggregate": names, "stack": names,
        }  # fmt: skip
        wrong = [value for key, right in allowed.items() for value in entry.get(key, ()) if value not in right]
        wrong += [entry["network"]] if entry.get("network") and entry["network"] not in networks else []
        wrong += [entry["clinical"]] if entry.get("clinical") and entry["clinical"] not in names else []
        if wrong or not any(entry.get(source) for source in SOURCES):
            raise RecipeError(f"{where}: model {entry['name']} names {wrong or 'no features'}; mend its entry.")
        if sum(bool(entry.get(source)) for source in SOURCES) > 1:
            raise RecipeError(f"{where}: model {entry['name']} has more than one of {', '.join(SOURCES)}; keep one.")
        ModelSpec.from_entry(entry)
        names.append(entry["name"])
