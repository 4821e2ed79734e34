"""Series and regions that the DICOM tests share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from RadFusionLib.case import Volume

sys.path.insert(0, str(Path(__file__).parent))
from archive import Archive, running
from synthetic import OBLIQUE, volume, write_series


@pytest.fixture(scope="module")
def image() -> Volume:
    return volume()


@pytest.fixture
def series(tmp_path: Path, image: Volume) -> Path:
    return write_series(tmp_path / "series", image)


@pytest.fixture(scope="module")
def ball() -> Volume:
    """A ball that no flip leaves as it is."""
    k, j, i = np.indices(OBLIQUE.shape)
    return Volume((i - 10) ** 2 + (j - 8) ** 2 + (2 * (k - 5)) ** 2 < 20, OBLIQUE)


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """A running archive."""
    with running(tmp_path_factory.mktemp("orthanc")) as archive:
        yield archive
