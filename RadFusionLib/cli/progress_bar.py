"""A progress bar on standard error."""

from __future__ import annotations

import sys
import time
from collections import deque
from types import TracebackType
from typing import Any

__all__ = ["ProgressBar"]

RECENT = 200
"""Calls by which the time left is told."""


class ProgressBar:
    """Shows ``progress(fraction, message)`` as a bar with the time left; silent when asked or not on a terminal.

    Off a terminal (a log file), a line is printed at most every ten seconds, so that long work can be followed. The
    time left comes from the last calls alone: cases that an earlier run had finished go by in no time.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Any = None
        self._last = time.monotonic()
        self._seen: deque[tuple[float, float]] = deque(maxlen=RECENT)

    def __enter__(self) -> ProgressBar:
        if not self._quiet and sys.stderr.isatty():
            from tqdm import tqdm

            shape = "{desc:<46.46} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
            self._bar = tqdm(total=1.0, bar_format=shape, file=sys.stderr, leave=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, fraction: float, message: str) -> bool:
        """Show how far the work is; never cancels (Ctrl-C does)."""
        if self._bar is not None:
            self._bar.set_description_str(message, refresh=False)
            if fraction < self._bar.n:
                self._bar.reset(1.0)
            self._bar.update(fraction - self._bar.n)
        elif not self._quiet:
            now = time.monotonic()
            if self._seen and fraction < self._seen[-1][1]:
                self._seen.clear()
            self._seen.append((now, fraction))
            if now - self._last > 10:
                self._last = now
                print(f"{100 * fraction:3.0f} % {message}{self._left()}", file=sys.stderr, flush=True)
        return True

    def _left(self) -> str:
        (start, before), (now, fraction) = self._seen[0], self._seen[-1]
        if fraction <= before or fraction >= 1:
            return ""
        seconds = (1 - fraction) * (now - start) / (fraction - before)
        if seconds < 90:
            return f", {seconds:.0f} s left"
        return f", {seconds / 60:.0f} min left" if seconds < 5400 else f", {seconds / 3600:.1f} h left"

    def say(self, text: str) -> None:
        """Print a line for the user without breaking the bar."""
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.write(text, file=sys.stdout)
        else:
            print(text, flush=True)
