"""What the panels share."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as vuetify

__all__ = ["button", "icon_button", "remark", "section"]


def section(value: str, title: str) -> Any:
    """A step of the work that can be folded; a context for what is in it."""
    with vuetify.VExpansionPanel(value=value, elevation=0, classes=f"reader-{value}"):
        vuetify.VExpansionPanelTitle(title, classes="py-1 font-weight-medium", style="min-height: 38px")
        return vuetify.VExpansionPanelText()


def button(text: str, icon: str, click: Any, **options: Any) -> Any:
    """A button with words."""
    return vuetify.VBtn(
        text, prepend_icon=icon, click=click, size="small", variant="tonal", classes="text-none ma-1", **options
    )


def icon_button(title: str, icon: str, click: Any, **options: Any) -> Any:
    """A button with an icon; its title appears under the pointer and is read out."""
    with vuetify.VBtn(
        icon=True, click=click, size="36", variant="text", rounded="sm", title=title, aria_label=title, **options
    ) as made:
        vuetify.VIcon(icon, size="22")
    return made


def remark(text: str, **options: Any) -> Any:
    """A line of small print from the state."""
    return html.Div("{{ " + text + " }}", v_if=(text,), classes="text-caption reader-remark", **options)
