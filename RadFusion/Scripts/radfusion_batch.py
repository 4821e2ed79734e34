"""Predict the cases of a manifest in Slicer without its window, by the same code as ``radfusion predict``.

    Slicer --no-main-window --python-script radfusion_batch.py --bundle B --manifest M --out DIR

Takes every option of ``radfusion predict``. Exit code: 0 all well; 1 some cases failed, the rest delivered;
2 unusable input, or a package is missing, said in one sentence. Nothing is installed here: there is no window
in which to ask.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str]) -> int:
    """Run ``radfusion predict`` and return its exit code, whatever happens."""
    try:
        _find_library()
        from RadFusionLib.scene.packages import require_packages

        require_packages()
        from RadFusionLib.cli import main as command

        return command(["predict", *arguments])
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except KeyboardInterrupt:
        return 130
    except ImportError as error:
        return _refuse(f"{error.name or error} is not installed; install it in Slicer's Python first.")
    except Exception as error:  # Slicer stays open after an exception: everything ends here, with a code.
        return _refuse(str(error) or type(error).__name__)


def _find_library() -> None:
    """Put the folder with RadFusionLib on the path: beside the scripts' folder as installed, above in a checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here.parent, here.parent.parent):
        if (folder / "RadFusionLib" / "__init__.py").is_file():
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))
            return


def _refuse(reason: str) -> int:
    print(f"radfusion: {reason}", file=sys.stderr)
    return 2


def _leave(code: int) -> None:
    """End the process: Slicer by its own exit, since it would stay open; plain Python as usual."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        import slicer
    except ImportError:
        sys.exit(code)
    if getattr(slicer, "app", None) is None:
        sys.exit(code)
    slicer.util.exit(code)


if __name__ == "__main__":
    _leave(main(sys.argv[1:]))
