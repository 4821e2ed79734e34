"""Progress that can cancel: the callback that every long piece of work takes."""

from __future__ import annotations

from collections.abc import Callable

from RadFusionLib.errors import Cancelled

__all__ = ["ProgressCallback", "Stage", "silent"]

ProgressCallback = Callable[[float, str], bool | None]
"""``callback(fraction, message)`` with fraction in [0, 1]; returning ``False`` cancels."""


def silent(fraction: float, message: str) -> bool:
    """A progress callback that shows nothing and never cancels."""
    return True


class Stage:
    """A share of a longer task that reports on its own scale.

    Parameters
    ----------
    callback : ProgressCallback or None
        Receives the fraction of the whole task.
    start, stop : float
        The part of [0, 1] this stage covers in the whole.
    """

    def __init__(self, callback: ProgressCallback | None = None, start: float = 0.0, stop: float = 1.0) -> None:
        self._callback = callback or silent
        self._start = start
        self._stop = stop

    def __call__(self, fraction: float, message: str) -> bool:
        """Report ``fraction`` of this stage.

        Raises
        ------
        Cancelled
            When the callback returns ``False``.
        """
        whole = self._start + (self._stop - self._start) * min(max(fraction, 0.0), 1.0)
        if self._callback(whole, message) is False:
            raise Cancelled("The work was cancelled; nothing was written.")
        return True

    def part(self, start: float, stop: float) -> Stage:
        """Return the stage that covers ``start`` to ``stop`` of this one."""
        width = self._stop - self._start
        return Stage(self._callback, self._start + width * start, self._start + width * stop)
