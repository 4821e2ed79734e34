"""Step 7: the scene and the report as files."""

from __future__ import annotations

from typing import Any

from RadFusionLib.web.panels.parts import button, section

__all__ = ["save_panel"]


def save_panel(name: Any) -> None:
    """Build the panel; ``name`` as for :func:`~RadFusionLib.web.panels.case_panel.case_panel`."""
    disabled = (f"{name.case.number} < 0 || !!{name.busy} || {name.prediction.running}",)
    with section("save", "7  Save"):
        for text, icon, file in (
            ("Scene", "mdi-cube-outline", "scene.mrb"),
            ("Report", "mdi-file-document", "report.html"),
        ):
            # The script of RadFusionLib.web.files hears the click.
            heard = f'data-reader-save="{file}" :data-reader-title="{name.case.title}"'
            button(text, icon, None, disabled=disabled, raw_attrs=[heard])
