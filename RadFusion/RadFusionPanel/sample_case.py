"""The sample case: a simulated liver MRI in the phases of the demonstration bundle."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from RadFusionLib.errors import InputError
from RadFusionLib.resources import resource
from RadFusionLib.scene import CaseNodes, case_to_scene

__all__ = ["demonstration_bundle", "load_sample_case", "register_sample_data"]

PHASES = ("AP", "PP", "HBP")
SEED = 4711
NAME = "RadFusion simulated liver MRI"


def demonstration_bundle() -> Path:
    """Return the bundle that comes with RadFusion.

    Raises
    ------
    InputError
        When it was not installed.
    """
    path = resource("Bundles", "hcc-mvi-demonstration.radfusion")
    if not path.is_file():
        raise InputError("The demonstration bundle was not installed; choose a .radfusion file of your own.")
    return path


def load_sample_case(scene: Any) -> CaseNodes:
    """Simulate the case and put it into a scene: three phases, a tumour, a liver and clinical values."""
    from RadFusionLib.cohort import load_case, read_manifest
    from RadFusionLib.simulation import simulate

    with tempfile.TemporaryDirectory() as folder:
        manifest = read_manifest(simulate(PHASES, 1, SEED, 1.0, Path(folder)))
        case = load_case(manifest.rows[0], PHASES)
    return case_to_scene(case, scene)


def register_sample_data(icons: str) -> None:
    """Offer the case in Slicer's Sample Data module; it is made on this computer, and nothing is downloaded."""
    import SampleData

    def make(source: Any) -> list[Any]:
        import slicer

        from RadFusionLib.scene.packages import install_packages

        install_packages()
        return list(load_sample_case(slicer.mrmlScene).phases.values())

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="RadFusion",
        sampleName=NAME,
        # Nothing to download: the lists are as long as one another.
        uris=[],
        fileNames=[],
        nodeNames=[],
        customDownloader=make,
        thumbnailFileName=os.path.join(icons, "RadFusion.png"),
    )
