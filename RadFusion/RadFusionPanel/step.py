"""What the steps of the panel have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import slicer

if TYPE_CHECKING:
    from RadFusionPanel.panel import Panel

__all__ = ["Step"]


class Step:
    """A step of the work: its part of the window, and what happens when it is used.

    Parameters
    ----------
    panel : Panel
        With the other steps.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.ui = panel.ui

    @property
    def chosen(self) -> Any:
        """The parameter node of this scene."""
        return self.panel.parameters

    @property
    def scene(self) -> Any:
        """The scene of the window."""
        return slicer.mrmlScene

    def refresh(self) -> None:
        """Show what the parameter node and the bundle say; called whenever one of them changed."""

    def sceneClosing(self) -> None:
        """Let go of what belongs to a scene that is being closed."""

    def say(self, label: Any, text: str) -> None:
        """Show a remark; an empty one takes no place."""
        label.text = text
        label.visible = bool(text)

    def on(self, button: Any, action: Callable[[], None]) -> None:
        """Let a button do something; what goes wrong is shown as a sentence."""

        def pressed(checked: bool = False) -> None:
            with self.panel.errorsShown():
                action()

        button.connect("clicked(bool)", pressed)
