"""Pictures of the panel for its page, on the sample case: ``python Testing/Python/panel/pictures.py FOLDER``.

They are of the stand-in window: the real ``.ui`` file and the real code, without Slicer around them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent))

STEPS = ("case", "segment", "shell", "clinical", "predict", "result", "save")


def main(folder: Path) -> None:
    """Go through the work and take a picture of every state."""
    from window import Window, stand_ins

    from RadFusionLib.scene import current_scene

    folder.mkdir(parents=True, exist_ok=True)
    current_scene()
    with stand_ins() as module:
        window = Window(module)
        window.picture(folder / "panel-empty.png")
        window.press("sampleButton")
        window.wait_for_work()
        window.rest()
        window.press("alignmentButton")
        window.wait_for_work()
        only(window, "case", "segment", "shell", "clinical")
        window.picture(folder / "panel-case.png")
        only(window, "predict", "result", "save")
        window.press("predictButton")
        window.wait(lambda: window.ui.progressBar.value > 5)
        window.picture(folder / "panel-predicting.png")
        window.wait_for_work()
        window.picture(folder / "panel-result.png")
        only(window, "clinical", "result")
        window.type("hepatitis", "no")
        window.picture(folder / "panel-what-if.png")
        print("\n".join(window.errors) or "no error was shown")
        window.close()


def only(window: Any, *steps: str) -> None:
    """Show some steps alone, as with the others folded."""
    for step in STEPS:
        getattr(window.ui, f"{step}CollapsibleButton").visible = step in steps


if __name__ == "__main__":
    main(Path(sys.argv[1]))
