"""Independent random streams of one simulated case, so that no draw depends on another."""

from __future__ import annotations

import numpy as np

__all__ = ["STREAMS", "stream"]

STREAMS = ("latents", "anatomy", "texture", "patches", "readers", "acquisition", "outcome")
"""What is drawn for a case; each has a stream of its own, keyed by its place here."""


def stream(seed: int, index: int, name: str, *more: int) -> np.random.Generator:
    """Return the generator of one stream of one case.

    Parameters
    ----------
    seed : int
        Of the cohort, not negative.
    index : int
        Of the case in the cohort, not negative.
    name : str
        One of `STREAMS`.
    *more : int
        Further keys within the stream, such as a phase's number.

    Returns
    -------
    numpy.random.Generator
        The same for the same arguments, whatever was drawn before and in whichever process.
    """
    return np.random.default_rng(np.random.SeedSequence((seed, index), spawn_key=(STREAMS.index(name), *more)))
