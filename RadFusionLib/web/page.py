"""The page: the steps on the left, the views on the right, the heatmap's legend below them."""

from __future__ import annotations

from typing import Any

from trame.ui.vuetify3 import VAppLayout
from trame.widgets import client, html
from trame.widgets import vuetify3 as vuetify
from trame_server import Server

from RadFusionLib.web.events import ReaderEvents
from RadFusionLib.web.files import script as file_script
from RadFusionLib.web.keyboard import KEYS
from RadFusionLib.web.keyboard import script as key_script
from RadFusionLib.web.panels.case_panel import case_panel
from RadFusionLib.web.panels.clinical_panel import clinical_panel
from RadFusionLib.web.panels.comparison_panel import comparison_panel
from RadFusionLib.web.panels.legend import legend
from RadFusionLib.web.panels.parts import icon_button, section
from RadFusionLib.web.panels.predict_panel import predict_panel
from RadFusionLib.web.panels.result_panel import result_panel
from RadFusionLib.web.panels.save_panel import save_panel
from RadFusionLib.web.panels.segment_panel import SegmentPanel
from RadFusionLib.web.panels.shell_panel import shell_panel
from RadFusionLib.web.style import STYLE
from RadFusionLib.web.views import ReaderViews

__all__ = ["build_page", "show_steps"]

DRAWING = ["case", "segment", "shell", "predict"]
"""The steps that are unfolded while there is no result."""
RESULT = ["predict", "result", "save"]
"""The steps that are unfolded when there is one."""


def build_page(server: Server, name: Any, events: ReaderEvents, views: ReaderViews) -> None:
    """Build the page.

    Parameters
    ----------
    server : Server
        Serves it.
    name : ReaderState
        Its fields are the names of the state's variables.
    events : ReaderEvents
        What the buttons call.
    views : ReaderViews
        The views and the segment editor.
    """
    server.state.trame__title = "RadFusion reader"
    # An icon from elsewhere would be fetched from elsewhere.
    server.state.trame__favicon = None
    server.state.setdefault("reader_steps", DRAWING)
    server.state.setdefault("reader_keys_shown", False)
    server.state.setdefault("reader_adding", False)
    with VAppLayout(server, theme="dark") as layout:
        client.Style(STYLE)
        client.Script(key_script(events.key_trigger))
        client.Script(file_script())
        with vuetify.VAppBar(density="compact", height=44, flat=True, border="b"):
            html.Div("RadFusion reader", classes="text-subtitle-1 font-weight-medium ml-4")
            html.Div("{{ " + name.case.title + " }}", classes="ml-4 text-body-2 reader-title")
            vuetify.VProgressCircular(v_if=(name.busy,), indeterminate=True, size=18, width=2, classes="ml-4")
            html.Div("{{ " + name.busy + " }}", classes="ml-2 text-caption")
            vuetify.VSpacer()
            icon_button("Keys", "mdi-keyboard-outline", "reader_keys_shown = true")
        _keys()
        _new_case()
        with vuetify.VNavigationDrawer(permanent=True, width=370, location="left", classes="reader-drawer"):
            for text, kind in ((name.problem, "error"), (name.remark, "info")):
                vuetify.VAlert(
                    "{{ " + text + " }}",
                    v_if=(text,),
                    type=kind,
                    density="compact",
                    variant="tonal",
                    closable=True,
                    click_close=f"{text} = ''",
                    classes=f"ma-2 reader-{kind}",
                )
            with vuetify.VExpansionPanels(v_model=("reader_steps",), multiple=True, variant="accordion"):
                case_panel(name, events, views.window)
                with section("segment", "2  Segment"):
                    html.Div(
                        "Open a case to draw its tumour.", v_if=(f"{name.case.number} < 0",), classes="text-caption"
                    )
                    with html.Div(v_show=(f"{name.case.number} >= 0",)):
                        views.set_ui(SegmentPanel())
                shell_panel(name, events)
                clinical_panel(name, events)
                predict_panel(name, events)
                result_panel(name, events)
                save_panel(name)
                comparison_panel(name, events)
        with vuetify.VFooter(app=True, classes="reader-notice py-1 px-3"):
            html.Div("{{ " + name.notice + " }}")
        with vuetify.VMain(style="height: 100vh"), html.Div(classes="reader-main"):
            with html.Div(classes="reader-views"):
                views.layout.initialize_layout_grid(layout)
            legend(name)


def show_steps(server: Server, result_shown: bool) -> None:
    """Unfold the steps that matter when a result comes or goes."""
    server.state.reader_steps = RESULT if result_shown else DRAWING


def _new_case() -> None:
    """The dialog that takes a case's files; the script of the files hears what is chosen."""
    with (
        vuetify.VDialog(v_model=("reader_adding",), width=560),
        vuetify.VCard(title="Add a case"),
        vuetify.VCardText(),
    ):
        vuetify.VTextField(
            label="Name of the case",
            v_model=("reader_new_case", "new-case"),
            density="compact",
            variant="outlined",
            classes="reader-new-case",
        )
        html.Div(
            "Choose its images, and masks where there are some: NRRD, NIfTI or MHA files named after the phase or "
            "region (AP.nii.gz, tumor.nii.gz, liver.nii.gz), or a folder with a DICOM series in each subfolder; or a "
            "scene (.mrb) that was saved here, which opens with its result. The files stay on the machine that runs "
            "the reader, and are deleted when it ends.",
            classes="text-body-2 mb-3",
        )
        for words, folder in (("Files", ""), ("Folder", "webkitdirectory")):
            with html.Label(classes="reader-choose mr-3"):
                html.Span(words)
                # The page closes what the page opened: the server may hear of the files before it hears of that.
                html.Input(
                    type="file",
                    classes="reader-file",
                    multiple=True,
                    change="reader_adding = false",
                    raw_attrs=[f"data-reader-upload {folder}"],
                )


def _keys() -> None:
    with (
        vuetify.VDialog(v_model=("reader_keys_shown",), width=560),
        vuetify.VCard(title="Keys"),
        vuetify.VCardText(),
        vuetify.VTable(density="compact"),
        html.Tbody(),
    ):
        for keys, does in KEYS:
            with html.Tr():
                html.Td(keys, classes="font-weight-bold text-no-wrap")
                html.Td(does)
