"""The four views, the segment editor's logic and the grey levels, on trame-slicer."""

from __future__ import annotations

from typing import Any

from trame_server import Server
from trame_server.utils.typed_state import TypedState
from trame_slicer.app.logic import BaseLogic, SegmentEditorLogic
from trame_slicer.app.ui import RangeSliderState
from trame_slicer.core import LayoutManager, SlicerApp, VolumeWindowLevel
from trame_slicer.segmentation import SegmentationOpacityEnum, SegmentationOverwriteMode
from trame_slicer.views import Layout, LayoutDirection, ViewLayoutDefinition

from RadFusionLib.scene.application import Node
from RadFusionLib.web.drawing import register_factories, slices_first
from RadFusionLib.web.hand import Hand
from RadFusionLib.web.panels.segment_panel import EFFECTS, SegmentPanel
from RadFusionLib.web.reading import Reading

__all__ = ["ReaderViews"]

LAYOUT = "Four-up"
NAMES = {"Red": "Axial", "ThreeD": "3D", "Green": "Coronal", "Yellow": "Sagittal"}
"""What a reader calls each view, by its tag, in the order of the layout."""


class ReaderViews(BaseLogic[RangeSliderState]):
    """Views and segment editor of the reader.

    trame-slicer's segmentation app in the parts that a reader of a case list needs: its loader empties the scene and
    takes any volume, and its volume rendering presets are none for a liver MRI.
    """

    def __init__(self, server: Server, app: SlicerApp) -> None:
        super().__init__(server, app, RangeSliderState)
        threed = register_factories(server, app)
        self.editor = SegmentEditorLogic(server, app)
        self.layout = LayoutManager(app.scene, app.view_manager, server)
        axial, coronal = ViewLayoutDefinition.axial_view(), ViewLayoutDefinition.coronal_view()
        sagittal, deep = ViewLayoutDefinition.sagittal_view(), ViewLayoutDefinition.threed_view()
        rows = [
            Layout(LayoutDirection.Horizontal, [axial, deep]),
            Layout(LayoutDirection.Horizontal, [coronal, sagittal]),
        ]
        self.layout.register_layout(LAYOUT, Layout(LayoutDirection.Vertical, rows))
        self.layout.set_layout(LAYOUT)
        for view in app.view_manager.get_views():
            # Several samples a pixel make software rendering slow.
            view.render_window().SetMultiSamples(0)
        for view in app.view_manager.get_threed_views():
            # Peeling makes 3D five times slower in software, and these few surfaces lie one in the other.
            view.renderer().SetUseDepthPeeling(False)
        self.hand = Hand(app)
        slices_first(threed, lambda: self.hand.in_3d)
        # Outlines in slices, so that what lies beneath stays in sight.
        display = self.editor.data.segment_display
        display.opacity_mode = SegmentationOpacityEnum.OUTLINE
        display.border_thickness.value = 2
        display.opacity_2d.value = display.opacity_3d.value = 1.0
        self._node: Node | None = None
        self._last_effects = [EFFECTS[0][2], EFFECTS[2][2]]
        app.segmentation_editor.active_effect_name_changed.connect(self._remember_effect)
        self.bind_changes({self.name.value: self._set_window})

    @property
    def window(self) -> TypedState[RangeSliderState]:
        """The grey levels' slider."""
        return self._typed_state

    def set_ui(self, ui: SegmentPanel) -> None:
        """Connect the segment panel's buttons."""
        self.editor.set_ui(ui)

    def open(self, reading: Reading) -> None:
        """Make a case's tumour the segment that is drawn."""
        editor = self._slicer_app.segmentation_editor
        editor.deactivate_effect()
        editor.set_active_segmentation(reading.segmentation, reading.drawn_on)
        # The shell lies beside the tumour: drawing the one must not eat the other.
        editor.set_overwrite_mode(SegmentationOverwriteMode.ALLOW_OVERLAP)
        editor.set_active_segment_id(reading.tumor_id)
        for view in self._slicer_app.view_manager.get_threed_views():
            # Told anew for each case, since a scene that is cleared forgets it. The cloud takes a tenth of the time.
            node = view.get_view_node()
            node.SetVolumeRenderingQuality(node.Adaptive)
        display = editor.active_segmentation_display
        display.set_opacity_mode(SegmentationOpacityEnum.OUTLINE)
        display.set_border_thickness(2)

    def show_window_of(self, node: Node) -> None:
        """Let the grey levels' slider move those of a volume."""
        self._node = node
        low, high = VolumeWindowLevel.get_volume_scalar_range(node)
        self.data.min_value, self.data.max_value = float(low), float(high)
        self.data.step = max((high - low) / 500.0, 1e-6)
        self.data.value = [float(v) for v in VolumeWindowLevel.get_volume_display_range(node)]

    def forget(self) -> None:
        """Let go of the volume; its scene is closed."""
        self._node = None

    def press(self, key: str, view: int) -> None:
        """Do what Slicer does at a key.

        Parameters
        ----------
        key : str
            As the browser names it.
        view : int
            Which view the pointer is in, in the order of the layout; -1 for none.
        """
        editor = self._slicer_app.segmentation_editor
        if key.isdigit() and 1 <= int(key) < len(EFFECTS):
            editor.set_active_effect_type(EFFECTS[int(key)][2])
        elif key == "Escape":
            editor.deactivate_effect()
        elif key == " ":
            editor.set_active_effect_type(self._last_effects[0])
        elif key in ("z", "y") and editor.undo_stack is not None:
            (editor.undo_stack.undo if key == "z" else editor.undo_stack.redo)()
        elif key in ("q", "w"):
            self._select_segment(-1 if key == "q" else 1)
        elif key == "g":
            for segment in editor.get_segment_ids():
                editor.set_segment_visibility(segment, not editor.get_segment_visibility(segment))
        else:
            self._press_in_view(key, view)

    def _press_in_view(self, key: str, number: int) -> None:
        tags = list(NAMES)
        view: Any = self._slicer_app.view_manager.get_view(tags[number if 0 <= number < len(tags) else 0])
        if key == "r":
            view.reset_view()
        elif hasattr(view, "set_slice_value"):
            if key in ("ArrowLeft", "b", "ArrowRight", "f"):
                by = view.get_slice_step() * (-1 if key in ("ArrowLeft", "b") else 1)
                low, high = view.get_slice_range()
                view.set_slice_value(min(max(view.get_slice_value() + by, low), high))
            elif key == "v":
                view.toggle_visible_in_3d()

    def _select_segment(self, by: int) -> None:
        editor = self._slicer_app.segmentation_editor
        ids = editor.get_segment_ids()
        if ids:
            at = ids.index(editor.active_segment_id) if editor.active_segment_id in ids else 0
            editor.set_active_segment_id(ids[(at + by) % len(ids)])

    def _remember_effect(self, name: str) -> None:
        effect = next((e for _, _, e, _ in EFFECTS if e.get_effect_name() == name), None)
        if effect is not None and effect is not self._last_effects[1]:
            self._last_effects = [self._last_effects[1], effect]

    def _set_window(self, value: list[float]) -> None:
        if self._node is not None:
            VolumeWindowLevel.set_volume_node_display_min_max_range(self._node, *value)
