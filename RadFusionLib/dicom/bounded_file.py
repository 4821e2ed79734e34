"""A file that never sets memory aside for more than it holds."""

from __future__ import annotations

import io
import os
from pathlib import Path

__all__ = ["BoundedFile"]


class BoundedFile(io.BufferedReader):
    """A file opened for reading, in which a damaged or forged length costs nothing.

    Python's own files set aside as many bytes as are asked for before they look whether there are so many, and an
    element of a DICOM file may claim four gigabytes.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self._length = os.fstat(self.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as many bytes as are asked for and left; all that are left by default."""
        left = max(self._length - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))
