"""Disease-free and overall survival of simulated patients.

Disease-free time is Weibull with shape 1.2 and a scale of 44 months; the hazard is 3.2 times as high with
outcome 1. Adjuvant treatment multiplies the hazard by ``treatment_hazard_ratio`` (0.5 unless told) in patients
with outcome 1 and does nothing in the others: a benefit confined to the high-risk group, which 1.0 switches
off. Death follows a recurrence after an exponential time of 22 months on average (14 with outcome 1); death
without recurrence comes at 0.3 % a month. Follow-up ends at a uniform time between 18 and 84 months.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.simulation.latents import Latents
from RadFusionLib.simulation.streams import stream

__all__ = ["TREATMENT_HAZARD_RATIO", "draw_survival"]

TREATMENT_HAZARD_RATIO = 0.5
"""Of treated against untreated patients with outcome 1."""
_SHAPE, _SCALE, _OUTCOME_HAZARD_RATIO = 1.2, 44.0, 3.2
_AFTER = (22.0, 14.0)
_DEATH_RATE = 0.003
_FOLLOW_UP = (18.0, 84.0)


def draw_survival(
    latents: Sequence[Latents | Mapping[str, float]],
    outcomes: np.ndarray,
    seed: int,
    treatment_hazard_ratio: float = TREATMENT_HAZARD_RATIO,
) -> dict[str, np.ndarray]:
    """Draw times and events that follow from the outcomes.

    Parameters
    ----------
    latents : sequence
        `Latents`, or their records from ``truth.json``.
    outcomes : numpy.ndarray
        0 or 1, shape (N,).
    seed : int
        Of the draw, as for the outcomes.
    treatment_hazard_ratio : float
        Effect of treatment with outcome 1; 1.0 is none.

    Returns
    -------
    dict of str to numpy.ndarray
        ``time:DFS``, ``event:DFS``, ``time:OS``, ``event:OS``; times in months, above 0, to a tenth.
    """
    if treatment_hazard_ratio <= 0:
        raise InputError(f"A hazard ratio must be above 0, not {treatment_hazard_ratio}.")
    columns: dict[str, list[float]] = {"time:DFS": [], "event:DFS": [], "time:OS": [], "event:OS": []}
    for row, outcome in zip(latents, outcomes, strict=True):
        record = row if isinstance(row, Mapping) else row.record()
        rng = stream(int(record["seed"]), int(record["index"]), "outcome", seed, 1)
        hazard = _OUTCOME_HAZARD_RATIO if outcome else 1.0
        if outcome and record["treatment"]:
            hazard *= treatment_hazard_ratio
        recurrence = _SCALE * (rng.exponential() / hazard) ** (1.0 / _SHAPE)
        after = rng.exponential(_AFTER[int(outcome)])
        other_death = rng.exponential(1.0 / _DEATH_RATE)
        end = rng.uniform(*_FOLLOW_UP)
        death = min(recurrence + after, other_death)
        for name, time in (("DFS", min(recurrence, death)), ("OS", death)):
            columns[f"time:{name}"].append(max(round(min(time, end), 1), 0.1))
            columns[f"event:{name}"].append(float(time <= end))
    return {k: np.asarray(v, dtype=np.int64 if k.startswith("event") else float) for k, v in columns.items()}
