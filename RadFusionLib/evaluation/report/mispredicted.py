"""What a report says of the cases that the model gets wrong."""

from __future__ import annotations

from RadFusionLib.evaluation.assessment import Assessment
from RadFusionLib.evaluation.baseline import BaselineTable
from RadFusionLib.evaluation.confusion import RATES as ALL_RATES
from RadFusionLib.evaluation.misprediction import FoldRate
from RadFusionLib.evaluation.patch_accuracy import LIKELIER, PatchAccuracy
from RadFusionLib.evaluation.report.document import Block, Paragraph, Section, Table
from RadFusionLib.evaluation.report.words import interval, number, p_value, percent

__all__ = ["baseline_block", "misprediction_section", "patches_section"]

RATES = {"fnr": "false negative rate", "fpr": "false positive rate"}
PATCH_RATES = {name: word for name, word in ALL_RATES.items() if name != "f1"}


def misprediction_section(one: Assessment, tail: str) -> Section:
    """Rates with their spread over the folds, and mispredicted beside rightly predicted cases."""
    found = one.misprediction
    estimates = {"fnr": found.fnr, "fpr": found.fpr}
    over = "over the folds, mean ± SD" if found.held_out else "over the members, mean ± SD"
    rows = tuple((word, percent(estimates[name]), _spread(found.folds.get(name))) for name, word in RATES.items())
    blocks: list[Block] = [
        Paragraph(
            f"At the frozen threshold of {100 * one.threshold:.1f} % {found.wrong} of {one.cases} cases "
            f"{'is' if found.wrong == 1 else 'are'} on the wrong side."
        ),
        Table(("rate", "all cases (95 % interval, exact)", over), rows),
    ]
    if found.folds:
        blocks.append(
            Paragraph(
                "Over the folds: each training case is called by the member that was fitted without it, out of fold. "
                "The calibration and the threshold were fitted to out-of-fold scores of these same cases."
                if found.held_out
                else "Over the members: each of them, fitted without one fold of the training cases, calls all cases "
                "of this set. Rates over held-out folds need the training cases themselves to be evaluated.",
                muted=True,
            )
        )
    if found.characteristics is not None and min(found.characteristics.cases) < 2:
        blocks.append(Paragraph("One case alone cannot be compared with the others.", muted=True))
    elif found.characteristics is not None:
        caption = (
            "Mispredicted and rightly predicted cases: mean ± SD where values look normal, else median (quartiles)"
        )
        blocks.append(baseline_block(found.characteristics, f"{caption}; counts (%)"))
        blocks.append(Paragraph("The p-values are not adjusted for the number of characteristics.", muted=True))
    blocks += [Paragraph(note, muted=True) for note in found.notes]
    return Section(f"Mispredicted cases{tail}", blocks)


def patches_section(one: Assessment, found: PatchAccuracy, tail: str) -> Section:
    """Rates by patch over the folds, and the cases whose patches are most often wrong."""
    over = "over the folds" if found.held_out else "over the members"
    blocks: list[Block] = [
        Paragraph(
            f"{found.patches:,} patches of {one.cases} cases; a patch is called positive from a probability of "
            f"{LIKELIER:g}. Patches of a patient are alike and no independent cases, so nothing by patch says how the "
            "model does by patient; the interval of the AUC resamples patients."
        ),
        Table(
            ("by patch", f"mean ± SD {over}"),
            (
                *((word, _spread(found.folds.get(name))) for name, word in PATCH_RATES.items()),
                ("AUC", _spread(found.folds.get("auc"), 1.0, 3)),
                ("AUC of all patches (95 % interval by patients)", interval(found.auc)),
            ),
        ),
        Paragraph(
            f"Share of a case's patches that are called rightly: median {100 * found.median:.1f} %, from "
            f"{100 * found.lowest:.1f} to {100 * found.highest:.1f} %. The {found.mispredicted} cases at or below the "
            f"first quartile, {100 * found.quartile:.1f} %, are called mispredicted here."
        ),
    ]
    if found.characteristics is not None:
        caption = "Cases mispredicted by patch and others: mean ± SD where values look normal, else median (quartiles)"
        blocks.append(baseline_block(found.characteristics, f"{caption}; counts (%)"))
    blocks += [Paragraph(note, muted=True) for note in found.notes]
    return Section(f"Patches{tail}", blocks)


def baseline_block(table: BaselineTable, caption: str) -> Table:
    """A table of characteristics by group as a report prints it."""
    rows: list[tuple[str, ...]] = []
    for row in table.rows:
        missing = " / ".join(map(str, row.missing))
        cells = tuple(spread.text(row.normal) for spread in row.spread) or ("",) * len(table.groups)
        rows.append((row.variable, *cells, missing, row.test, p_value(row.p)))
        for level in row.levels:
            counts = tuple(level.text(group) for group in range(len(table.groups)))
            rows.append((f"\u2003{level.level}", *counts, "", "", ""))
    groups = tuple(f"{name} ({cases})" for name, cases in zip(table.groups, table.cases, strict=True))
    return Table(("variable", *groups, "missing", "test", "p"), tuple(rows), caption)


def _spread(rate: FoldRate | None, scale: float = 100.0, digits: int = 1) -> str:
    if rate is None:
        return "–"
    unit = " %" if scale == 100.0 else ""
    return f"{number(scale * rate.mean, digits)} ± {number(scale * rate.deviation, digits)}{unit}"
