"""The regions of the benchmark: soft-tissue sarcomas and shells around them, of four sizes after resampling."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import distance_transform_edt

__all__ = ["REGIONS", "BenchRegion", "write_region"]


@dataclass(frozen=True)
class BenchRegion:
    """A region by patient, modality and kind (``tumor`` or ``shell``, 10 mm), the spacing it is resampled to (mm, the
    same along every axis) and its bin width."""

    patient: str
    modality: str
    kind: str
    length: float
    bin_width: float = 5.0

    @property
    def name(self) -> str:
        """Say which region it is."""
        return f"{self.patient} {self.modality} {self.kind} {self.length:g} mm"


REGIONS: tuple[BenchRegion, ...] = (
    BenchRegion("STS_002", "MR_T1", "tumor", 2.2),
    BenchRegion("STS_002", "MR_T1", "tumor", 1.0),
    BenchRegion("STS_018", "MR_T1", "tumor", 1.0),
    BenchRegion("STS_015", "MR_T1", "shell", 0.8),
    BenchRegion("STS_001", "MR_T1", "tumor", 1.0),
)


def write_region(images: Path, region: BenchRegion, file: Path) -> None:
    """Write a region's image, mask and spacing (x, y, z) as arrays (K, J, I) that every engine's environment reads."""
    folder = images / region.patient
    image = sitk.ReadImage(str(folder / f"{region.modality}_image.nii.gz"))
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"{region.modality}_mask.nii.gz"))) != 0
    spacing = image.GetSpacing()
    if region.kind == "shell":
        mask = (distance_transform_edt(~mask, sampling=spacing[::-1]) <= 10.0) & ~mask
    np.savez(file, image=sitk.GetArrayFromImage(image), mask=mask, spacing=np.array(spacing))
