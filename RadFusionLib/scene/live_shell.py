"""A shell that follows its tumour."""

from __future__ import annotations

from RadFusionLib.scene.application import Node
from RadFusionLib.scene.regions import contour_digest
from RadFusionLib.scene.segmentations import segment_id
from RadFusionLib.scene.shell_segment import ShellSegment, create_shell_segment

__all__ = ["LiveShell"]


class LiveShell:
    """Draws the shell when tumour, liver or margin are not those it was last drawn for.

    Whoever hears that a segmentation changed asks it once the hand rests. The shell's own change is heard too, and
    ends here: tumour and liver are the same.
    """

    def __init__(self) -> None:
        self._drawn_for: tuple[str, ...] = ()

    def forget(self) -> None:
        """Draw again at the next :meth:`follow`."""
        self._drawn_for = ()

    def follow(
        self, segmentation: Node, tumor: str, margin_mm: float, liver: str = "", lesion: str = "all"
    ) -> ShellSegment | None:
        """Draw the shell if it is out of date; return ``None`` when it is not.

        Parameters
        ----------
        segmentation : vtkMRMLSegmentationNode
            Holds the tumour, and takes the shell.
        tumor, liver : str
            Names or IDs of segments; without ``liver`` the shell is not clipped.
        margin_mm : float
            Width.
        lesion : str
            A part of the tumour segment, as in :func:`~RadFusionLib.scene.create_shell_segment`.

        Raises
        ------
        InputError
            When the tumour is empty or the shell cannot be drawn; it is not tried again before something changes.
        """
        ids = [segment_id(segmentation, name) for name in (tumor, liver) if name]
        now = (segmentation.GetID(), contour_digest((segmentation, one) for one in ids), f"{margin_mm}", lesion)
        if now == self._drawn_for:
            return None
        self._drawn_for = now
        return create_shell_segment(segmentation, tumor, margin_mm, liver=liver or None, lesion=lesion)
