"""Simulated liver-tumour cohorts with a known truth: for testing and trying the software only.

A case looks like a crop of a liver scan around one lesion. Two patches sit at random places of the tumour's
border, part in the tumour and part in its 10 mm shell in random shares, never overlapping. Both have a woven
texture of about 5.5 mm wavelength, with the same law of place, size, mean shift, standard deviation and
visibility: equally salient. The *causal* patch's weave stands at 45 degrees to the image's axes, the *decoy*'s
along them. With Phi the standard normal distribution function and (a, b) = (3, 34) grey levels, the standard
deviation of the causal texture is

    A(s)^2 = a^2 + (b^2 - a^2) Phi(s),    s ~ N(0, 1), the burden

and that of the decoy's the same function of an independent s'.

The outcome follows

    logit P(outcome = 1) = q (2.45 s + 0.30 afp - 0.25 alb + 0.20 ca199 + 0.50 (margin - 0.35)) + b(q)

with the strength q in [0, 1] and b(q) such that the prevalence is 40 %. Size, place, centre, treatment and the
decoy have no effect. The strength changes only the draw of outcomes and times, never an image or a clinical
value, so that one extraction of features serves every strength and every draw (`draw_outcomes`, `redraw`).
Disease-free and overall survival follow the outcome and the treatment (`survival`).

Read from left to right: `latents` (the hidden state), `anatomy`, `patches`, `acquisition`, `readers`,
`clinical`, `simulated_case`, `outcome`, `survival`, `cohort`.
"""

from RadFusionLib.simulation.cohort import NOTICE, redraw, simulate
from RadFusionLib.simulation.latents import Latents, draw_latents
from RadFusionLib.simulation.outcome import draw_outcomes, oracle_auc, probabilities
from RadFusionLib.simulation.simulated_case import SimulatedCase, case_id, simulate_case
from RadFusionLib.simulation.survival import TREATMENT_HAZARD_RATIO, draw_survival

__all__ = [
    "NOTICE",
    "TREATMENT_HAZARD_RATIO",
    "Latents",
    "SimulatedCase",
    "case_id",
    "draw_latents",
    "draw_outcomes",
    "draw_survival",
    "oracle_auc",
    "probabilities",
    "redraw",
    "simulate",
    "simulate_case",
]
