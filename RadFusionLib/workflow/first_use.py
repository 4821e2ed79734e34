"""What happens once on a machine: the CR engine's kernels are compiled, with progress."""

from __future__ import annotations

from RadFusionLib.progress import Stage

__all__ = ["compile_once"]

_SHARE = 0.5
"""Of the progress of the work that waits for it."""


def compile_once(engine: str, progress: Stage) -> Stage:
    """Compile the kernels where no set-up has done it, as inside Slicer.

    Parameters
    ----------
    engine : {'fast', 'pyradiomics'}
        Which CR engine is about to be used; only the fast one has kernels.
    progress : Stage
        Told of it; may cancel.

    Returns
    -------
    Stage
        What is left of `progress`.
    """
    # Numba takes a second to import: only when something is computed.
    from RadFusionLib.radiomics.companion import kernels_are_kept
    from RadFusionLib.radiomics.compilation import compile_kernels

    if engine != "fast" or kernels_are_kept():
        return progress
    compile_kernels(progress.part(0.0, _SHARE))
    return progress.part(_SHARE, 1.0)
