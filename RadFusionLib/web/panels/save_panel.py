"""Step 7: the scene and the report as files."""

from __future__ import annotations

from typing import Any

from RadFusionLib.web.events import ReaderEvents
from RadFusionLib.web.panels.parts import button, section

__all__ = ["save_panel"]


def save_panel(name: Any, events: ReaderEvents) -> None:
    """Build the panel; parameters as :func:`~RadFusionLib.web.panels.case_panel.case_panel`."""
    disabled = (f"{name.case.number} < 0 || !!{name.busy} || {name.prediction.running}",)
    with section("save", "7  Save"):
        button("Scene", "mdi-cube-outline", _download(name, events.save_scene_trigger, "scene.mrb"), disabled=disabled)
        button(
            "Report", "mdi-file-document", _download(name, events.save_report_trigger, "report.html"), disabled=disabled
        )


def _download(name: Any, trigger: str, file: str) -> str:
    """A file is downloaded only when there is one: an error is said in the page instead."""
    return (
        f"trigger('{trigger}').then((content) => content && utils.download({name.case.title} + ' {file}', content, "
        "'application/octet-stream'))"
    )
