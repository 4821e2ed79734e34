"""Step 2: the segment editor, with trame-slicer's effects."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as vuetify
from trame_slicer.app.ui import (
    DrawEffectUI,
    IslandsEffectUI,
    LogicalOperatorsEffectUI,
    PaintEffectUI,
    ScissorsEffectUI,
    SegmentEditorUI,
    SmoothingEffectUI,
    ThresholdEffectUI,
)
from trame_slicer.segmentation import (
    SegmentationEffect,
    SegmentationEffectDraw,
    SegmentationEffectErase,
    SegmentationEffectIslands,
    SegmentationEffectLogicalOperators,
    SegmentationEffectNoTool,
    SegmentationEffectPaint,
    SegmentationEffectScissors,
    SegmentationEffectSmoothing,
    SegmentationEffectThreshold,
)

from RadFusionLib.web.panels.parts import icon_button

__all__ = ["EFFECTS", "SegmentPanel"]

EFFECTS: tuple[tuple[str, str, type[SegmentationEffect], Any], ...] = (
    ("No tool (Esc)", "mdi-cursor-default", SegmentationEffectNoTool, None),
    ("Threshold (1)", "mdi-auto-fix", SegmentationEffectThreshold, ThresholdEffectUI),
    ("Paint (2)", "mdi-brush", SegmentationEffectPaint, PaintEffectUI),
    ("Draw (3)", "mdi-draw", SegmentationEffectDraw, DrawEffectUI),
    ("Erase (4)", "mdi-eraser", SegmentationEffectErase, PaintEffectUI),
    ("Smoothing (5)", "mdi-square-rounded-outline", SegmentationEffectSmoothing, SmoothingEffectUI),
    ("Scissors (6)", "mdi-content-cut", SegmentationEffectScissors, ScissorsEffectUI),
    ("Islands (7)", "mdi-scatter-plot", SegmentationEffectIslands, IslandsEffectUI),
    ("Logical operators (8)", "mdi-vector-intersection", SegmentationEffectLogicalOperators, LogicalOperatorsEffectUI),
)
"""Title, icon, effect and panel of each tool, in the order of Slicer's toolbar and of its number keys."""


class SegmentPanel(SegmentEditorUI):
    """trame-slicer's segment editor in the width of the drawer: its signals and its logic, another arrangement."""

    def _build_ui(self) -> None:
        name = self._typed_state.name
        with self:
            self.edit_ui._build_color_dialog()
            self._build_segments(name.segment_list)
            with html.Div(classes="d-flex flex-wrap"):
                for title, icon, effect, _ in EFFECTS:
                    (active,) = self.is_active_effect(effect)
                    icon_button(
                        title,
                        icon,
                        lambda effect=effect: self.effect_button_clicked(effect),
                        color=(f"{active} ? 'primary' : undefined",),
                        active=(active,),
                    )
                icon_button("Undo (z)", "mdi-undo", self.undo_clicked, disabled=(f"!{name.can_undo}",))
                icon_button("Redo (y)", "mdi-redo", self.redo_clicked, disabled=(f"!{name.can_redo}",))
            with html.Div(classes="px-1"):
                for _, _, effect, panel in EFFECTS:
                    if panel is not None:
                        self._register_effect_ui(effect, panel)

    def _build_segments(self, listed: Any) -> None:
        """A chip a segment: a click makes it the one that is drawn, the eye shows or hides it."""
        with (
            html.Div(classes="d-flex flex-wrap mb-1"),
            vuetify.VChip(
                v_for=(f"segment in {listed.segments}",),
                key=("segment.segment_id",),
                size="small",
                label=True,
                classes="ma-1",
                variant=(f"segment.segment_id === {listed.active_segment_id} ? 'elevated' : 'tonal'",),
                click=(self.select_segment_clicked, "[segment.segment_id]"),
            ),
        ):
            vuetify.VIcon("mdi-square", color=("segment.color",), start=True)
            html.Span("{{ segment.name }}")
            vuetify.VIcon(
                icon=("segment.is_visible ? 'mdi-eye' : 'mdi-eye-off'",),
                end=True,
                click_stop=(self.toggle_segment_visibility_clicked, "[segment.segment_id]"),
                title="Show or hide",
            )
