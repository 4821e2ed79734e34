"""What the page says of work: what is being done, and an error as one sentence."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from RadFusionLib.errors import Cancelled, RadFusionError
from RadFusionLib.web.state import ReaderState

__all__ = ["Sentences"]


class Sentences:
    """Writes into the state what work is under way and how it failed.

    Parameters
    ----------
    state : ReaderState
        Its ``busy``, ``problem`` and ``remark`` are written.
    changed : callable
        Called when they have been.
    """

    def __init__(self, state: ReaderState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed

    @contextmanager
    def said(self, busy: str = "") -> Iterator[None]:
        """Say what is done until it is done; end an error in a sentence."""
        self._state.problem = ""
        self._state.busy = busy
        self._changed()
        try:
            with self.caught():
                yield
        finally:
            self._state.busy = ""
            self._changed()

    def tell(self, busy: str) -> None:
        """Say what is being done by now."""
        self._state.busy = busy
        self._changed()

    @contextmanager
    def caught(self) -> Iterator[None]:
        """End an error in a sentence; no traceback reaches the page."""
        try:
            yield
        except Cancelled:
            self._state.remark = "Cancelled; nothing has changed."
        except RadFusionError as error:
            self._state.problem = str(error)
        except Exception as error:
            logging.getLogger(__name__).error("The reader failed", exc_info=error)
            self._state.problem = f"RadFusion failed unexpectedly ({error}); please report it."
