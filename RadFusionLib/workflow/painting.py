"""Every kind of heatmap by one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from RadFusionLib.bundle import Bundle
from RadFusionLib.errors import InputError
from RadFusionLib.explain import KINDS, Heatmap, HeatmapLook
from RadFusionLib.explain.colours import COLOURS
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.progress import Stage
from RadFusionLib.recipe import Recipe
from RadFusionLib.workflow.activation_map import class_activation_map, grad_cam_map
from RadFusionLib.workflow.contribution import contribution_map
from RadFusionLib.workflow.feature_map import feature_map
from RadFusionLib.workflow.patch_map import patch_probability_map
from RadFusionLib.workflow.preprocess import PreparedCase

__all__ = ["PAINTERS", "HeatmapChoice", "paint_heatmap"]

PAINTERS: Mapping[str, Callable[..., Heatmap]] = {
    "contribution": contribution_map,
    "patch_probability": patch_probability_map,
    "gradcam": grad_cam_map,
    "cam": class_activation_map,
    "feature": feature_map,
}
"""What paints each kind of heatmap."""


@dataclass(frozen=True)
class HeatmapChoice:
    """Which heatmap is wanted.

    Parameters
    ----------
    kind : str
        A key of :data:`~RadFusionLib.explain.KINDS`.
    feature : str
        Of which CR feature, for the kind ``feature``; where empty, of the one with the strongest influence on the risk.
    colours : str
        A key of :data:`~RadFusionLib.explain.colours.COLOURS`; where empty, the recipe's or the kind's default.
    """

    kind: str
    feature: str = ""
    colours: str = ""

    @classmethod
    def of_recipe(cls, recipe: Recipe) -> HeatmapChoice:
        """The recipe's own."""
        return cls(str(recipe.heatmap["kind"]), str(recipe.heatmap["feature"]))

    @classmethod
    def from_text(cls, text: str) -> HeatmapChoice:
        """Read ``KIND`` or ``feature:NAME``, with ``@COLOURS`` behind it where others than the default are wanted.

        Raises
        ------
        InputError
            When there is no such kind or no such colours, or another kind than ``feature`` has a name.
        """
        named, _, colours = text.partition("@")
        kind, _, feature = named.partition(":")
        if kind not in KINDS or (feature and kind != "feature"):
            raise InputError(f"There is no heatmap {text!r}; use one of {', '.join(KINDS)}, or feature:NAME.")
        if colours and colours not in COLOURS:
            raise InputError(f"There are no colours {colours!r} for a heatmap; use one of {', '.join(COLOURS)}.")
        return cls(kind, feature, colours)


def paint_heatmap(
    bundle: Bundle,
    prepared: PreparedCase,
    table: FeatureTable,
    choice: HeatmapChoice | None = None,
    threads: int = 1,
    device: str = "cpu",
    progress: Stage | None = None,
) -> Heatmap:
    """Paint a case's heatmap.

    Parameters
    ----------
    bundle : Bundle
        Whose model is explained.
    prepared : PreparedCase
        The case.
    table : FeatureTable
        Its features and the networks' images, one row.
    choice : HeatmapChoice, optional
        By default the recipe's own.
    threads : int
        The map does not depend on it.
    device : str
        For the network.
    progress : Stage, optional
        Reports; may cancel.

    Returns
    -------
    Heatmap
        On the grid of the reference phase.

    Raises
    ------
    InputError
        When this bundle has nothing that such a map could be painted of; the sentence says why.
    """
    choice = choice or HeatmapChoice.of_recipe(bundle.recipe)
    options = {"feature": choice.feature} if choice.kind == "feature" else {}
    found = PAINTERS[choice.kind](bundle, prepared, table, threads, device, progress or Stage(), **options)
    wanted = bundle.recipe.heatmap
    # Colours of the recipe's own kind need not suit another one.
    colours = str(choice.colours or (wanted["colours"] if choice.kind == wanted["kind"] else ""))
    return replace(found, look=HeatmapLook(colours, float(wanted["threshold"]), float(wanted["opacity"])))
