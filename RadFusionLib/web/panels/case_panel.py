"""Step 1: the list of cases, the phases, grey levels."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as vuetify
from trame_slicer.app.ui import RangeSlider

from RadFusionLib.web.events import ReaderEvents
from RadFusionLib.web.panels.parts import button, icon_button, remark, section

__all__ = ["case_panel"]


def case_panel(name: Any, events: ReaderEvents, window: Any) -> None:
    """Build the panel.

    Parameters
    ----------
    name : ReaderState
        Its fields are the names of the state's variables.
    events : ReaderEvents
        What the buttons call.
    window : TypedState of RangeSliderState
        Of the grey levels.
    """
    case = name.case
    with section("case", "1  Case"):
        with html.Div(classes="d-flex align-center"):
            icon_button(
                "Previous case",
                "mdi-chevron-left",
                events.previous_case,
                disabled=(f"{case.number} <= 0 || !!{name.busy}",),
            )
            vuetify.VSelect(
                items=(f"{case.ids}.map((title, value) => ({{title, value}}))",),
                model_value=(f"{case.number} < 0 ? null : {case.number}",),
                update_modelValue=(events.open_case, "[$event]"),
                placeholder="No case is open",
                density="compact",
                hide_details=True,
                variant="outlined",
                classes="reader-case-list",
            )
            icon_button(
                "Next case",
                "mdi-chevron-right",
                events.next_case,
                disabled=(f"{case.number} < 0 || {case.number} >= {case.ids}.length - 1 || !!{name.busy}",),
            )
        button("Add a case", "mdi-plus", "reader_adding = true", disabled=(f"!!{name.busy}",))
        with html.Div(v_if=(f"{case.phases}.length",), classes="mt-2"):
            with vuetify.VBtnToggle(
                model_value=(case.phase,),
                update_modelValue=(events.show_phase, "[$event]"),
                mandatory=True,
                density="compact",
                color="primary",
                style="height: 30px",
            ):
                vuetify.VBtn(
                    "{{ role }}",
                    v_for=(f"role in {case.phases}",),
                    key=("role",),
                    value=("role",),
                    size="small",
                    classes="text-none",
                )
            html.Div("Grey levels", classes="text-caption mt-1")
            RangeSlider(window, density="compact", classes="mx-2")
            remark(f"'Tumour: ' + {case.tumor}")
            button("Close case", "mdi-close", events.close_case)
