"""What a case holds, as digests: the same images and masks are known again without being read."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from RadFusionLib.case import Case, Volume
from RadFusionLib.cohort import CaseRow, fingerprint, load_case
from RadFusionLib.computing import Entry, Store, digest_of

__all__ = ["CaseContent", "KeptCase", "volume_digest"]

SELF_CONTAINED = (".nrrd", ".nii", ".nii.gz", ".mha")
"""Files that point to no others, so that their own size and time tell whether a case is as it was."""
SETTLED = 2.0
"""Seconds: a file younger than this when it was read may be written again without its time changing."""


@dataclass(frozen=True)
class CaseContent:
    """A case's digests.

    Parameters
    ----------
    digest : str
        Of all images, masks and segments that a recipe looks at.
    fingerprint : str
        Of the images' voxels, as a bundle knows its training cases.
    """

    digest: str
    fingerprint: str


class KeptCase:
    """A case of a manifest that is read only when somebody looks.

    Parameters
    ----------
    row : CaseRow
        Of the manifest.
    phases : sequence of str
        The roles that are needed.
    reading : str
        Whose contours, as :func:`~RadFusionLib.cohort.load_case` takes it.
    store : Store, optional
        Where contents are remembered, by the size and time of the files.
    resume : bool
        Whether to believe what the store remembers.
    """

    def __init__(
        self, row: CaseRow, phases: Sequence[str], reading: str = "", store: Store | None = None, resume: bool = False
    ) -> None:
        self.row, self.phases, self.reading = row, tuple(phases), reading
        self._store, self._resume = store, resume

    @cached_property
    def case(self) -> Case:
        """The case, read now."""
        return load_case(self.row, self.phases, self.reading)

    @cached_property
    def content(self) -> CaseContent:
        """What it holds; the files are read unless they are known and unchanged."""
        state = _state(self.row)
        key = None if state is None else digest_of(state, self.phases, self.reading)
        store = self._store if key else None
        known = store.get("content", str(key)) if store and self._resume else None
        if known is not None:
            return CaseContent(known.note["digest"], known.note["fingerprint"])
        found = CaseContent(_case_digest(self.case), fingerprint(self.case))
        # Looked at again after reading: what changed meanwhile is not remembered.
        if store and _state(self.row) == state and _settled(self.row):
            store.put("content", str(key), Entry({"digest": found.digest, "fingerprint": found.fingerprint}))
        return found

    @property
    def state(self) -> list[list[object]] | None:
        """Name, size and time of its files."""
        return _state(self.row)


def volume_digest(volume: Volume) -> str:
    """Of voxels and where they lie."""
    geometry = volume.geometry
    return digest_of(volume.array, [geometry.size, geometry.spacing, geometry.origin, geometry.direction])


def _case_digest(case: Case) -> str:
    def named(volumes: Mapping[str, Volume]) -> list[list[str]]:
        return [[name, volume_digest(volume)] for name, volume in sorted(volumes.items())]

    masks = {repr(key): volume for key, volume in case.masks.items()}
    segments = [[phase, named(parts)] for phase, parts in sorted(case.segments.items())]
    return digest_of(named(case.phases), named(masks), segments)


def _files(row: CaseRow) -> list[Path]:
    """Every file of a case's images and masks; a folder is a DICOM series, with all that lies in it."""
    places = [Path(image) for image in row.images.values()] + [Path(_file(mask)) for mask in row.masks.values()]
    files: list[Path] = []
    for place in places:
        files += sorted(place.iterdir()) if place.is_dir() else [place]
    return files


def _file(mask: str) -> str:
    """A mask's file, without the segment that is named after it."""
    return mask if "#" not in mask or Path(mask).exists() else mask.rpartition("#")[0]


def _state(row: CaseRow) -> list[list[object]] | None:
    """Name, size and time of each file; None where one may point to others, or cannot be looked at."""
    listed = {str(image) for image in row.images.values() if Path(image).is_dir()}
    try:
        if any(
            str(file.parent) not in listed and not file.name.lower().endswith(SELF_CONTAINED) for file in _files(row)
        ):
            return None
        cells: list[list[object]] = [[phase, str(path)] for phase, path in sorted(row.images.items())]
        cells += [[repr(key), path] for key, path in sorted(row.masks.items())]
        stats = [(file, file.stat()) for file in _files(row)]
    except OSError:
        return None
    return cells + [[str(file.absolute()), found.st_size, found.st_mtime_ns] for file, found in stats]


def _settled(row: CaseRow) -> bool:
    return all(time.time() - file.stat().st_mtime > SETTLED for file in _files(row))
