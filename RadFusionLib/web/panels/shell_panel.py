"""Step 3: the peritumoral shell."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as vuetify

from RadFusionLib.web.events import ReaderEvents
from RadFusionLib.web.panels.parts import button, remark, section

__all__ = ["shell_panel"]


def shell_panel(name: Any, events: ReaderEvents) -> None:
    """Build the panel; parameters as :func:`~RadFusionLib.web.panels.case_panel.case_panel`."""
    shell = name.shell
    with section("shell", "3  Shell"):
        with html.Div(classes="d-flex align-center"):
            vuetify.VNumberInput(
                model_value=(shell.margin_mm,),
                update_modelValue=(events.set_margin, "[$event]"),
                label="Margin, mm",
                min=(1,),
                max=(50,),
                precision=(None,),
                control_variant="stacked",
                density="compact",
                variant="outlined",
                hide_details=True,
                style="max-width: 130px",
            )
            vuetify.VSwitch(
                model_value=(shell.live,),
                update_modelValue=(events.set_live, "[$event]"),
                label="follows the tumour",
                density="compact",
                color="primary",
                hide_details=True,
                classes="ml-3",
            )
        button("Draw now", "mdi-vector-circle", events.draw_shell, v_if=(f"!{shell.live}",))
        remark(shell.remark)
