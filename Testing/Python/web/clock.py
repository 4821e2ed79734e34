"""Time that goes when it is told to."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

__all__ = ["Clock"]


class Clock:
    """An event loop's clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self._calls: list[tuple[float, Any]] = []

    def call_later(self, wait: float, call: Callable[[], None]) -> Any:
        handle = SimpleNamespace(call=call, cancelled=False)
        handle.cancel = lambda: setattr(handle, "cancelled", True)
        self._calls.append((self.now + wait, handle))
        return handle

    def go(self, seconds: float) -> None:
        self.now += seconds
        due = [handle for at, handle in self._calls if at <= self.now and not handle.cancelled]
        self._calls = [(at, handle) for at, handle in self._calls if at > self.now]
        for handle in due:
            handle.call()
