"""Simulated liver-tumour cohorts with a known truth: for testing and trying the software only.

A case looks like a crop of a liver scan around one lesion. Two patches lie in the tumour or in its 10 mm shell,
each placed at random, never overlapping. The *causal* patch holds fine bright foci (about 6.5 mm apart), the
*decoy* fine dark foci of the same spectrum, mean shift, standard deviation, size and visibility: equally salient,
but of the opposite skewness. A burden s ~ N(0, 1) sets the standard deviation of the causal texture, an
independent s' that of the decoy's in the same way (`patches.amplitude`).

The outcome follows

    logit P(outcome = 1) = q (2.3 s + 0.30 afp - 0.25 alb + 0.20 ca199 + 0.50 (margin - 0.35)) + b(q)

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
from RadFusionLib.simulation.survival import draw_survival

__all__ = [
    "NOTICE",
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
