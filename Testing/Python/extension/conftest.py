"""Makes the reader of the CMake lists importable."""

from __future__ import annotations

import sys
from pathlib import Path

# Under pytest's importlib mode a test's folder is not on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))
