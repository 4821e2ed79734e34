"""Compare the engine with PyRadiomics on real regions: soft-tissue sarcomas and shells around them, MR, CT and PET.

    python Testing/Studies/pyradiomics_equality.py compute --engine pyradiomics --images DIR --out reference.json
    python Testing/Studies/pyradiomics_equality.py compute --engine fast --images DIR --out ours.json
    python Testing/Studies/pyradiomics_equality.py compare ours.json reference.json

The first command runs in the environment of PyRadiomics (Testing/Python/radiomics/pyradiomics-reference.txt). DIR holds
a folder a patient with ``CT_image.nii.gz``, ``CT_mask.nii.gz``, and so on, as the IBSI publishes them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import distance_transform_edt

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from RadFusionLib import radiomics
from RadFusionLib.radiomics import RadiomicsSettings

PATIENTS = {"STS_019": 1.5, "STS_008": 2.0, "STS_025": 2.0, "STS_002": 2.0}  # and the spacing, mm
BIN_WIDTHS = {"MR_T1": 5.0, "CT": 25.0, "PET": 0.25}
FLAT_PATIENT, FLAT_WIDTH = "STS_019", 5.0  # PET values that fall into two or three bins
SHELL = 10.0  # mm


def regions(images: Path) -> Iterator[tuple[str, Any, Any, tuple[float, float, float], RadiomicsSettings]]:
    """Give name, image, mask, spacing and settings of each region."""
    for patient, length in PATIENTS.items():
        for modality, width in BIN_WIDTHS.items():
            image = sitk.ReadImage(str(images / patient / f"{modality}_image.nii.gz"))
            mask = sitk.GetArrayFromImage(sitk.ReadImage(str(images / patient / f"{modality}_mask.nii.gz"))) != 0
            x, y, z = image.GetSpacing()
            flat = modality == "PET" and patient == FLAT_PATIENT
            settings = RadiomicsSettings(spacing=(length,) * 3, bin_width=FLAT_WIDTH if flat else width)
            shell = (distance_transform_edt(~mask, sampling=(z, y, x)) <= SHELL) & ~mask
            for name, region in (("tumor", mask), ("shell", shell)):
                yield f"{patient} {modality} {name}", sitk.GetArrayFromImage(image), region, (x, y, z), settings


def compute(engine: str, images: Path, out: Path) -> None:
    """Write the features of every region as JSON."""
    # PyRadiomics' environment has no Numba, which the other engine needs.
    extract = radiomics.extract if engine == "fast" else radiomics.extract_pyradiomics
    found = {}
    for name, image, mask, spacing, settings in regions(images):
        found[name] = extract(image, mask, spacing, settings)
        print(name, len(found[name]), "features", flush=True)
    out.write_text(json.dumps(found), encoding="utf-8")


def compare(ours: Path, reference: Path) -> int:
    """Print the largest relative difference by class; near zero relative to the feature's spread over the regions."""
    a, b = (json.loads(path.read_text(encoding="utf-8")) for path in (ours, reference))
    if set(a) != set(b):
        raise SystemExit("The two files hold different regions.")
    names = sorted(set.union(*(set(values) for values in b.values())))
    largest: dict[str, float] = {}
    beyond: dict[str, list[str]] = {}
    for name in names:
        spread = float(np.nanstd([b[region].get(name, np.nan) for region in b]))
        for region in b:
            x, y = a[region].get(name, np.nan), b[region].get(name, np.nan)
            if np.isnan(x) and np.isnan(y):
                continue
            difference = abs(x - y) / max(abs(y), 1e-3 * spread, 1e-12)
            difference = np.inf if np.isnan(difference) else difference
            feature_class = name.split("_")[1]
            largest[feature_class] = max(largest.get(feature_class, 0.0), difference)
            if difference > 1e-6:
                beyond.setdefault(name, []).append(f"{region}: {x!r} for {y!r}")
    print(len(b), "regions,", sum(len(values) for values in b.values()), "values")
    for feature_class, difference in sorted(largest.items()):
        print(f"{feature_class}: {difference:.1e}")
    for name, where in beyond.items():
        print(f"{name} differs in {len(where)} regions: {where[0]}")
    return 1 if beyond else 0


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    computing = commands.add_parser("compute")
    computing.add_argument("--engine", choices=("fast", "pyradiomics"), required=True)
    computing.add_argument("--images", type=Path, required=True)
    computing.add_argument("--out", type=Path, required=True)
    comparing = commands.add_parser("compare")
    comparing.add_argument("ours", type=Path)
    comparing.add_argument("reference", type=Path)
    options = parser.parse_args()
    if options.command == "compute":
        compute(options.engine, options.images, options.out)
        return 0
    return compare(options.ours, options.reference)


if __name__ == "__main__":
    sys.exit(main())
