"""Whether this machine can draw: VTK ends the whole process where it cannot."""

from __future__ import annotations

import os
import subprocess
import sys

from RadFusionLib.errors import MissingPackageError

__all__ = ["RenderingProbe"]

PROBE = """
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow
import vtkmodules.vtkRenderingOpenGL2
window = vtkRenderWindow()
window.SetOffScreenRendering(1)
window.AddRenderer(vtkRenderer())
window.SetSize(16, 16)
window.Render()
pixels = vtkUnsignedCharArray()
window.GetPixelData(0, 0, 15, 15, 0, pixels, 0)
raise SystemExit(0 if pixels.GetNumberOfTuples() == 256 else 3)
"""


class RenderingProbe:
    """Draws a small picture in a process of its own, from the moment it is made."""

    def __init__(self) -> None:
        if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
            # Without a screen, do not look for one.
            os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROBE], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def check(self, wait: float = 60.0) -> None:
        """Return when the picture is there.

        Raises
        ------
        MissingPackageError
            When this machine cannot draw.
        """
        try:
            drawn = self._process.wait(wait) == 0
        except subprocess.TimeoutExpired:
            self._process.kill()
            drawn = False
        if not drawn:
            raise MissingPackageError(
                "This machine cannot draw images: OpenGL is missing; install libegl1 and libgl1-mesa-dri (Debian, "
                "Ubuntu) or a graphics driver."
            )
