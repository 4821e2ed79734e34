"""The figures of a training, as files beside its bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from RadFusionLib.evaluation.report.figures import history_figure, lasso_figure

if TYPE_CHECKING:
    from RadFusionLib.fusion.lasso_path import LassoPath

__all__ = ["write_training_figures"]


def write_training_figures(
    folder: Path,
    lasso: Mapping[str, Sequence[LassoPath]],
    histories: Mapping[str, Sequence[Sequence[Mapping[str, float | None]]]],
) -> list[Path]:
    """Write ``lasso-<model>-<member>.svg`` and ``network-<model>.svg``; return what was written.

    Parameters
    ----------
    folder : Path
        Made where it is not there; files of the same names are replaced.
    lasso : mapping of str to sequence of LassoPath
        By model, a path a member.
    histories : mapping of str to sequence
        By network, the figures of each epoch by member.
    """
    drawn = {
        f"lasso-{model}-{number}.svg": lasso_figure(path)
        for model, paths in lasso.items()
        for number, path in enumerate(paths, start=1)
    }
    drawn |= {f"network-{model}.svg": history_figure(found) for model, found in histories.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in drawn.items():
        (folder / name).write_text('<?xml version="1.0" encoding="utf-8"?>\n' + svg, encoding="utf-8")
    return [folder / name for name in drawn]
