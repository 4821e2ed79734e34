"""Do something when the hand rests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["RestTimer"]


class RestTimer:
    """Calls back once no touch has come for a while.

    Parameters
    ----------
    wait : float
        Seconds of rest.
    then : callable
        What to do.
    """

    def __init__(self, wait: float, then: Callable[[], None]) -> None:
        self._wait = wait
        self._then = then
        self._handle: asyncio.TimerHandle | None = None

    def touch(self) -> None:
        """Begin the rest anew."""
        self.stop()
        self._handle = asyncio.get_running_loop().call_later(self._wait, self._fire)

    def postpone(self) -> None:
        """Begin the rest anew if one has begun."""
        if self._handle is not None:
            self.touch()

    def stop(self) -> None:
        """Forget the last touch."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fire(self) -> None:
        self._handle = None
        self._then()
