"""Results as plain numbers, lists and texts, for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["plain_record"]


def plain_record(value: Any) -> Any:
    """Turn dataclasses, mappings, sequences and arrays into what JSON knows; a number that is not finite is None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: plain_record(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain_record(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_record(entry) for entry in value]
    if isinstance(value, np.ndarray):
        return plain_record(value.tolist())
    if isinstance(value, np.generic):
        return plain_record(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
