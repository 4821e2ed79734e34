"""What every worker of a cluster has of a run."""

from __future__ import annotations

import pickle
from typing import Any

from distributed import WorkerPlugin

__all__ = ["SharedPlugin"]


class SharedPlugin(WorkerPlugin):
    """Brings a recipe, its weights or a bundle to a worker once, however many cases it works on."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self._content = content
        self.shared: Any = None

    def setup(self, worker: Any) -> None:
        """Unpack, on the worker."""
        self.shared = pickle.loads(self._content)
        self._content = b""
