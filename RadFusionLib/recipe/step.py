"""A named step of a pipeline with its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from RadFusionLib.errors import RecipeError

__all__ = ["Step"]


@dataclass(frozen=True)
class Step:
    """What a pipeline does at one place: which estimator, with which parameters."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_entry(cls, entry: Any) -> Step:
        """Read ``{name: {parameter: value}}``.

        Raises
        ------
        RecipeError
            When the entry is not one name with a mapping.
        """
        if not isinstance(entry, Mapping) or len(entry) != 1:
            raise RecipeError(f"A step is one name with its parameters, not {entry!r}.")
        ((name, parameters),) = entry.items()
        if not isinstance(parameters or {}, Mapping):
            raise RecipeError(f"The parameters of the step {name} must be a mapping, not {parameters!r}.")
        return cls(str(name), dict(parameters or {}))
