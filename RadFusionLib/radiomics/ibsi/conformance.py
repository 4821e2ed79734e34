"""How many of the IBSI's reference values are met, as a table.

``python -m RadFusionLib.radiomics.ibsi.conformance --data DIR`` prints it; DIR holds the folders ``ibsi1`` and
``ibsi2`` with the reference values, the phantoms (``ibsi_1_digital_phantom``, ``ibsi_1_ct_radiomics_phantom``,
``ibsi_2_digital_phantom``) and the reference response maps as the initiative publishes them.
"""

from __future__ import annotations

import argparse
import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from RadFusionLib.radiomics.ibsi.configurations import (
    FEATURE_CONFIGURATIONS,
    FILTER_CONFIGURATIONS,
    RESPONSE_MAPS,
    RESPONSE_SETTINGS,
)
from RadFusionLib.radiomics.ibsi.extraction import diagnose_ibsi, extract_ibsi, response_statistics
from RadFusionLib.radiomics.ibsi.preparation import IbsiRegion, prepare_ibsi
from RadFusionLib.radiomics.region import FloatArray

__all__ = [
    "Reference",
    "digital_phantom",
    "feature_references",
    "feature_values",
    "filter_references",
    "filter_values",
    "filtered_region",
    "is_met",
    "response_difference",
]

Triple = tuple[float, float, float]
RESPONSE_TOLERANCE = 0.01  # of the reference map's range


@dataclass(frozen=True)
class Reference:
    """A reference value: of which configuration, family, tag and code, and how far from it a value may be."""

    configuration: str
    family: str
    tag: str
    value: str
    tolerance: float
    code: str = ""


def is_met(value: float, reference: Reference) -> bool:
    """Tell whether a value, rounded to the reference's digits (at least three), is within its tolerance."""
    expected = float(reference.value)
    digits = max(3, len(reference.value.split("e")[0].removesuffix(".0").replace(".", "").strip("-0")))
    if not math.isfinite(value):
        return False
    # The slack is for the binary representation of decimal differences only.
    return abs(float(f"{value:.{digits}g}") - expected) <= reference.tolerance + 1e-9 * max(1.0, abs(expected))


def feature_references(data: Path) -> list[Reference]:
    """Read the reference values of IBSI 1."""
    with (data / "ibsi1" / "ibsi1_reference_values.csv").open(encoding="utf-8") as file:
        return [
            Reference(
                row["dataset"], row["family"], row["mirp_tag"], row["value"], float(row["tolerance"]), row["ibsi_code"]
            )
            for row in csv.DictReader(file)
        ]


def feature_values(data: Path, configuration: str) -> dict[str, float]:
    """Compute the features and diagnostic values of a configuration of IBSI 1."""
    image, mask, spacing = _phantom(data, configuration != "digital phantom")
    values: dict[str, float] = {}
    for settings in FEATURE_CONFIGURATIONS[configuration]:
        values |= extract_ibsi(image, mask, spacing, settings) | diagnose_ibsi(image, mask, spacing, settings)
    return values


def filter_references(data: Path) -> list[Reference]:
    """Read the reference values of IBSI 2, phase 2; the one without consensus is left out."""
    with (data / "ibsi2" / "reference_feature_values.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return [
        Reference(row["filter_id"], "Statistics", row["feature_tag"], row["consensus_value"], float(row["tolerance"]))
        for row in rows
        if row["consensus_value"] not in ("", "NA") and row["tolerance"] not in ("", "NA")
    ]


def filtered_region(data: Path, configuration: str) -> IbsiRegion:
    """Prepare the CT phantom for a configuration of IBSI 2, phase 2: by slice (A) or in three dimensions (B)."""
    return prepare_ibsi(*_phantom(data, True), RESPONSE_SETTINGS[configuration[-1]])


def filter_values(region: IbsiRegion, configuration: str) -> dict[str, float]:
    """Compute the intensity statistics of a filter's response in a region from `filtered_region`."""
    filtered, reach = FILTER_CONFIGURATIONS[configuration]
    if reach is not None:
        region = _surroundings(region, reach)
    return response_statistics(region, filtered(region.image, region.spacing))


def response_difference(data: Path, name: str) -> float:
    """Give the largest difference from a reference response map, as a share of that map's range."""
    phantom, filtered = RESPONSE_MAPS[name]
    folder = data / "ibsi2"
    image, spacing = _read(folder / "ibsi_2_digital_phantom" / "nifti" / phantom / "image" / f"{phantom}.nii.gz")
    expected, _ = _read(folder / "reference_response_maps" / f"{name.replace('.', '_')}-ValidCRM.nii.gz")
    return float(np.abs(filtered(image, spacing) - expected).max() / np.ptp(expected))


def _read(path: Path) -> tuple[FloatArray, Triple]:
    image = sitk.ReadImage(str(path))
    x, y, z = (round(length, 6) for length in image.GetSpacing())  # the header's single precision
    return sitk.GetArrayFromImage(image).astype(np.float64), (x, y, z)


def digital_phantom(data: Path) -> tuple[FloatArray, FloatArray, Triple]:
    """Read image, mask and spacing of IBSI 1's digital phantom."""
    return _phantom(data, False)


def _phantom(data: Path, computed_tomography: bool) -> tuple[FloatArray, FloatArray, Triple]:
    name = "ibsi_1_ct_radiomics_phantom" if computed_tomography else "ibsi_1_digital_phantom"
    folder = data / "ibsi1" / name / "nifti"
    image, spacing = _read(folder / "image" / "phantom.nii.gz")
    mask, _ = _read(folder / "mask" / "mask.nii.gz")
    return np.round(image), mask, spacing


def _surroundings(region: IbsiRegion, reach: int) -> IbsiRegion:
    """Cut out the region and what a filter of this reach sees; the image's edge stays one where it is near."""
    places = np.argwhere(region.morphological)
    low, high = np.maximum(places.min(axis=0) - reach, 0), places.max(axis=0) + 1 + reach
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return IbsiRegion(region.image[box], region.morphological[box], region.intensity[box], region.spacing)


def _row(name: str, met: int, total: int, rest: str = "") -> None:
    print(f"| {name} | {met} of {total} | {100 * met / total:.1f} % | {rest} |", flush=True)


def main() -> None:
    """Print the shares of reference values and maps that are met."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with ibsi1 and ibsi2")
    data = parser.parse_args().data
    print("| | met | share | not met |\n| --- | --- | --- | --- |")
    references = feature_references(data)
    for configuration in FEATURE_CONFIGURATIONS:
        values = feature_values(data, configuration)
        asked = [reference for reference in references if reference.configuration == configuration]
        _compare(f"IBSI 1, {configuration}", asked, values)
    differences = {name: response_difference(data, name) for name in RESPONSE_MAPS}
    outside = [name for name, difference in differences.items() if difference > RESPONSE_TOLERANCE]
    _row("IBSI 2, response maps", len(differences) - len(outside), len(differences), ", ".join(outside))
    references = filter_references(data)
    regions = {mode: filtered_region(data, mode) for mode in RESPONSE_SETTINGS}
    for configuration in FILTER_CONFIGURATIONS:
        asked = [reference for reference in references if reference.configuration == configuration]
        _compare(f"IBSI 2, {configuration}", asked, filter_values(regions[configuration[-1]], configuration))


def _compare(name: str, references: list[Reference], values: dict[str, float]) -> None:
    missed = [r for r in references if not is_met(values.get(r.tag, math.nan), r)]
    rest = ", ".join(f"{r.tag} {values.get(r.tag, math.nan):.4g} (reference {r.value})" for r in missed)
    _row(name, len(references) - len(missed), len(references), rest)


if __name__ == "__main__":
    main()
