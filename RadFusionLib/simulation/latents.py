"""What is true of a simulated patient before any image is taken."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from RadFusionLib.simulation.streams import stream

__all__ = ["CENTERS", "Latents", "draw_latents"]

CENTERS = ("A", "B", "C")
"""The simulated hospitals."""


@dataclass(frozen=True)
class Latents:
    """The hidden state of one case; everything else follows from it and from independent noise.

    Parameters
    ----------
    seed, index : int
        Which case of which cohort.
    burden : float
        s ~ N(0, 1), shown by the texture of the causal patch.
    decoy_burden : float
        s' ~ N(0, 1), independent, shown in the same way by the decoy patch.
    afp, alb, ca199 : float
        z-values of log AFP, ALB and log CA19-9, N(0, 1).
    margin : int
        1 when the margin is irregular.
    diameter : float
        Of the tumour, mm; independent of everything else.
    treatment : int
        1 when adjuvant treatment was given; a coin, independent of everything else.
    center : int
        Place in `CENTERS`.
    """

    seed: int
    index: int
    burden: float
    decoy_burden: float
    afp: float
    alb: float
    ca199: float
    margin: int
    diameter: float
    treatment: int
    center: int

    def record(self) -> dict[str, float | int]:
        """The values by name, as ``truth.json`` keeps them."""
        return asdict(self)


def draw_latents(seed: int, index: int) -> Latents:
    """Draw the hidden state of case ``index`` of cohort ``seed``; no image is made."""
    rng = stream(seed, index, "latents")
    burden, decoy_burden, afp, alb, ca199 = (float(v) for v in rng.standard_normal(5))
    # Diameters of 22 to 45 mm, more of the small ones.
    diameter = 22.0 * (45.0 / 22.0) ** float(rng.beta(1.6, 1.8))
    return Latents(
        seed=seed,
        index=index,
        burden=burden,
        decoy_burden=decoy_burden,
        afp=afp,
        alb=alb,
        ca199=ca199,
        margin=int(rng.random() < 0.35),
        diameter=diameter,
        treatment=int(rng.integers(2)),
        center=int(rng.choice(3, p=(0.5, 0.3, 0.2))),
    )
