"""Clinical values and radiological findings of simulated patients.

AFP, ALB, CA19-9 and the irregular margin enter the outcome's model (see `outcome`); everything else is noise
with a plausible distribution. No value depends on the outcome or on the strength of the effect.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from RadFusionLib.simulation.latents import Latents
from RadFusionLib.simulation.streams import stream

__all__ = ["CLINICAL_UNITS", "FINDINGS", "clinical_values"]

CLINICAL_UNITS: Mapping[str, str] = {
    "age": "years", "sex": "0 female, 1 male", "AFP": "ng/mL", "ALB": "g/L", "ALT": "U/L", "AST": "U/L",
    "TB": "umol/L", "PT": "s", "APTT": "s", "hepatitis": "0 no, 1 yes", "diameter": "mm", "CA19-9": "U/mL",
    "CEA": "ng/mL",
}  # fmt: skip
"""Every clinical variable and its unit."""

FINDINGS: Mapping[str, float] = {
    "irregular_margin": 0.35, "cirrhosis": 0.45, "cholangiectasis": 0.20, "satellite": 0.15,
    "macrovascular_invasion": 0.12, "pseudocapsule": 0.40, "necrosis": 0.35, "rim_aphe": 0.30,
    "washin_washout": 0.50, "target_dwi": 0.25, "peritumoral_enhancement": 0.30, "poor_differentiation": 0.35,
    "lymph_node_metastasis": 0.15,
}  # fmt: skip
"""Every 0/1 finding and its prevalence; the last two are pathology, known after the operation only."""
POSTOPERATIVE = ("poor_differentiation", "lymph_node_metastasis")
DISAGREEMENT = 0.08
"""Chance that the second reader reads a finding the other way."""


def clinical_values(latents: Latents) -> dict[str, float]:
    """The clinical values of a case by manifest name (``AFP``, ``necrosis``, ``necrosis@2``, ...).

    ``@2`` is a second reader's reading of a radiological finding and of the diameter.
    """
    rng = stream(latents.seed, latents.index, "readers", 0)

    def lognormal(median: float, spread: float, z: float | None = None) -> float:
        return float(median * np.exp(spread * (rng.standard_normal() if z is None else z)))

    values = {
        "age": float(np.clip(round(rng.normal(58.0, 10.0)), 24, 86)),
        "sex": float(rng.random() < 0.72),
        "AFP": round(min(lognormal(60.0, 1.8, latents.afp), 60000.0), 1),
        "ALB": round(float(np.clip(40.0 + 4.5 * latents.alb, 20.0, 58.0)), 1),
        "ALT": round(lognormal(32.0, 0.5), 0),
        "AST": round(lognormal(34.0, 0.45), 0),
        "TB": round(lognormal(14.0, 0.4), 1),
        "PT": round(float(rng.normal(12.2, 0.9)), 1),
        "APTT": round(float(rng.normal(29.0, 3.0)), 1),
        "hepatitis": float(rng.random() < 0.7),
        "diameter": round(latents.diameter * float(rng.normal(1.0, 0.03)), 0),
        "CA19-9": round(min(lognormal(30.0, 1.2, latents.ca199), 12000.0), 1),
        "CEA": round(lognormal(2.6, 0.6), 1),
    }
    for name, prevalence in FINDINGS.items():
        present = bool(latents.margin) if name == "irregular_margin" else bool(rng.random() < prevalence)
        values[name] = float(present)
        if name not in POSTOPERATIVE:
            values[f"{name}@2"] = float(present != (rng.random() < DISAGREEMENT))
    values["diameter@2"] = round(latents.diameter * float(rng.normal(1.0, 0.04)), 0)
    return values
