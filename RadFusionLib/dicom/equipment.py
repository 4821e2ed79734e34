"""What every DICOM object of ours says of its maker."""

from __future__ import annotations

from typing import Any

from RadFusionLib.dicom.result import Algorithm

__all__ = ["MANUFACTURER", "algorithm_item", "equipment"]

MANUFACTURER = "RadFusion"


def equipment(algorithm: Algorithm) -> dict[str, Any]:
    """The arguments of highdicom's objects that name the equipment: the software with its bundle is the device."""
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": f"RadFusion {algorithm.bundle}"[:64],
        "software_versions": algorithm.version,
        "device_serial_number": algorithm.sha256[:16],
    }


def algorithm_item(algorithm: Algorithm, name: str) -> Any:
    """Algorithm Identification Sequence of an automatic step."""
    from highdicom import AlgorithmIdentificationSequence
    from pydicom.sr.codedict import codes

    return AlgorithmIdentificationSequence(
        name=name,
        family=codes.DCM.ArtificialIntelligence,
        version=algorithm.version,
        source=MANUFACTURER,
        parameters={"bundle": algorithm.bundle, "bundle SHA-256": algorithm.sha256},
    )
