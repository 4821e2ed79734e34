"""The bundle's card: what a reader must know before trusting a risk."""

from __future__ import annotations

from collections import Counter

from RadFusionLib.bundle.record import TrainingRecord
from RadFusionLib.deep import Weights
from RadFusionLib.fusion import Ensemble
from RadFusionLib.recipe import Recipe

__all__ = ["DEMONSTRATION", "RESEARCH_USE", "write_card"]

RESEARCH_USE = "Research use only. Not a medical device. Must not inform diagnosis or treatment."
SHOWN = 20
"""Features that a card lists of a LASSO."""
DEMONSTRATION = "DEMONSTRATION: trained on simulated cases; its risks mean nothing for a patient."


def write_card(recipe: Recipe, record: TrainingRecord, weights: Weights | None, ensemble: Ensemble) -> str:
    """The card as Markdown."""
    finals = Counter(member.final for member in ensemble.members)
    chosen = ", ".join(f"{name} ({count} of {len(ensemble.members)} members)" for name, count in finals.most_common())
    lines = [f"# {recipe.title}", "", RESEARCH_USE, ""]
    if record.demonstration:
        lines += [f"**{DEMONSTRATION}**", ""]
    lines += [
        f"- Recipe: {recipe.name}, version {recipe.version}, profile {recipe.profile}",
        f"- Outcome: {recipe.outcome['name']} (positive: {recipe.outcome['positive']})",
        f"- Phases: {', '.join(recipe.phases)}; regions: {', '.join(recipe.regions)}",
        f"- Trained on {record.cases} cases, {record.events} with the outcome "
        f"(prevalence {100 * record.prevalence:.0f} %), seed {record.seed}",
        f"- Final model{_how_chosen(recipe)}: {chosen}",
        f"- Features the risk depends on: {len(ensemble.features)}",
        f"- Threshold, frozen on training data: {ensemble.threshold:.3f}",
        f"- Network: {_network(recipe, weights)}",
        "- Protocol: strict (everything that learns is fitted inside the training folds, by patient)",
        *([f"- {record.optimism}"] if record.optimism else []),
        *_cautions(recipe, ensemble),
        "",
        "## Out-of-fold AUC on the training cases",
        "",
        "Pairs within a fold only; each fold scored by members that never saw it. Not an external test. The interval",
        "resamples patients.",
        "",
        "| model | AUC | 95 % interval |",
        "| --- | --- | --- |",
        *[f"| {name} | {value:.3f} | {_interval(record, name)} |" for name, value in record.out_of_fold_auc.items()],
        *_lasso(record),
        "",
        "## What the risk is not",
        "",
        "The interval says how the risk might move had the recipe been trained on far more patients like these.",
        "The members' spread is their range, not a confidence interval. The absence of a warning does not mean",
        "that the model fits a patient. Treatment effects are not estimated.",
    ]
    return "\n".join(lines) + "\n"


def _cautions(recipe: Recipe, ensemble: Ensemble) -> list[str]:
    lines = []
    after = [v.name for v in recipe.clinical if v.when == "postoperative"]
    if not recipe.outcome["preoperative"] and after:
        lines.append(f"- Not a preoperative model: {', '.join(after)} are known only after the operation")
    if ensemble.holds_cases:
        lines.append(
            "- This file holds feature values of training patients (a model of neighbours or a kernel machine)"
        )
    return lines


def _interval(record: TrainingRecord, name: str) -> str:
    found = record.out_of_fold_interval.get(name)
    return f"{found[0]:.3f} to {found[1]:.3f}" if found else "–"


def _lasso(record: TrainingRecord) -> list[str]:
    """What each LASSO kept: features, in how many members, and their mean coefficient there."""
    lines: list[str] = []
    for model, paths in record.paths.items():
        kept: dict[str, list[float]] = {}
        for path in paths:
            for name, coefficient in path.chosen_coefficients.items():
                kept.setdefault(name, []).append(coefficient)
        rows = sorted(kept.items(), key=lambda entry: (-len(entry[1]), -abs(sum(entry[1]))))
        lines += ["", f"## LASSO of {model}", ""]
        if not rows:
            lines.append("Nothing was kept in any member.")
            continue
        lines += ["| kept | members | mean coefficient |", "| --- | --- | --- |"]
        lines += [f"| {n} | {len(c)} of {len(paths)} | {sum(c) / len(c):+.3g} |" for n, c in rows[:SHOWN]]
        if len(rows) > SHOWN:
            lines.append(f"| {len(rows) - SHOWN} more | | |")
    return lines


def _how_chosen(recipe: Recipe) -> str:
    return ", chosen by inner folds of each member's own training cases" if len(recipe.final_candidates) > 1 else ""


def _network(recipe: Recipe, weights: Weights | None) -> str:
    if weights is None:
        return recipe.trained_networks or "none"
    note = " RANDOM WEIGHTS, as asked for: its features were never learnt." if weights.is_random else ""
    return f"{weights.network}, {weights.source}, SHA-256 {weights.sha256[:16]}.{note}"
