"""What a report says of what was fitted: LASSO and networks in training, the outcome on clinical values here."""

from __future__ import annotations

import math

from scipy.stats import norm

from RadFusionLib.evaluation.assessment import APPARENT, Assessment
from RadFusionLib.evaluation.logistic import LogisticModel, OddsRatio
from RadFusionLib.evaluation.logistic_table import LogisticTable
from RadFusionLib.evaluation.record import BundleFacts
from RadFusionLib.evaluation.report.document import Block, Figure, Folded, Notice, Paragraph, Section, Table
from RadFusionLib.evaluation.report.figures import history_figure, lasso_figure
from RadFusionLib.evaluation.report.words import number, p_value

__all__ = ["lasso_section", "logistic_section", "networks_section"]

LASSO = "lasso"
"""The step's name in a recipe."""
SHOWN = 30
LARGEST = 1e4
"""Odds ratios beyond which a table says no more than that."""
MOST = 700.0
"""Log-odds beyond which no number holds the ratio."""


def lasso_section(bundle: BundleFacts) -> Section | None:
    """How each LASSO of the training chose; None for a recipe without one."""
    if LASSO not in bundle.steps:
        return None
    if not bundle.lasso:
        return Section("LASSO", [Paragraph("The bundle was trained before paths were kept; train it again for them.")])
    blocks: list[Block] = [
        Paragraph(
            "Fitted in training, once a member, on the member's own training cases. Left: the error over the folds "
            "with its standard error; right: the coefficients, grey where the chosen penalty (dotted) leaves zero."
        )
    ]
    for model, paths in bundle.lasso.items():
        figures = [
            Figure(
                lasso_figure(path),
                f"{model}, member {number_ + 1} of {len(paths)}: {len(path.chosen_coefficients)} of "
                f"{len(path.names)} features on the path are kept.",
                f"Error and path of the LASSO of {model}, member {number_ + 1}",
                wide=True,
            )
            for number_, path in enumerate(paths)
        ]
        blocks += [figures[0], *([Folded(f"{model}: the other members", tuple(figures[1:]))] if figures[1:] else [])]
        blocks.append(_kept(model, [path.chosen_coefficients for path in paths]))
    return Section("LASSO", blocks)


def _kept(model: str, members: list[dict[str, float]]) -> Block:
    """Which features the members' LASSO kept, and with what coefficients."""
    from RadFusionLib.explain.labels import readable

    names = list(dict.fromkeys(name for member in members for name in member))
    if not names:
        return Paragraph(f"{model}: no member's LASSO kept anything.")
    names.sort(key=lambda name: -sum(name in member for member in members))
    rows = tuple(
        (readable(n), *(f"{member[n]:+.3g}" if n in member else "" for member in members)) for n in names[:SHOWN]
    )
    header = ("kept", *(f"member {i + 1}" for i in range(len(members))))
    table = Table(header, rows, f"{model}: coefficients at the chosen penalty")
    return table if len(names) <= SHOWN else Folded(f"{model}: the {SHOWN} of {len(names)} kept most often", (table,))


def networks_section(bundle: BundleFacts) -> Section | None:
    """How the networks' training went; None for a recipe that trains none."""
    if not bundle.histories:
        return None
    blocks: list[Block] = [
        Paragraph("Loss and AUC of the training images by epoch, a line a member: they say nothing of other cases.")
    ]
    blocks += [
        Figure(history_figure(histories), f"Training of {name}, {len(histories)} members.",
               f"Loss and AUC by epoch of {name}", wide=True)
        for name, histories in bundle.histories.items()
    ]  # fmt: skip
    return Section("Networks", blocks)


def logistic_section(one: Assessment, found: LogisticTable, tail: str) -> Section:
    """The outcome on each variable alone and on several together, with intervals by Wald and by profile."""
    blocks: list[Block] = []
    if one.name == APPARENT:
        blocks.append(Notice(("These cases trained the model, so its risk seems to say more than it does.",)))
    rows = tuple(row for name, model in found.univariate.items() for row in _rows(name, model))
    header = ("variable", "odds ratio", "95 % interval, Wald", "95 % interval, profile", "p")
    blocks.append(Table(header, rows, "Each variable alone"))
    entered = len(found.entered)
    if found.multivariable is not None and entered > 1:
        left = [step.dropped for step in found.steps if step.dropped]
        said = f"; left again by AIC: {', '.join(left)}" if left else ""
        caption = f"Together: univariate p below {found.entry:g}{said}"
        blocks.append(Table(header, tuple(_rows("", found.multivariable)), caption))
        each = min(one.positive, one.cases - one.positive) / entered
        blocks.append(
            Paragraph(
                f"{entered} variables entered and {len(found.multivariable.terms)} stayed, chosen on these very cases: "
                f"{each:.1f} cases of the smaller class for each that entered. Choosing by p-values makes intervals "
                "too narrow.", muted=True,
            )
        )  # fmt: skip
    elif entered == 1:
        blocks.append(Paragraph(f"Only {found.entered[0]} has a univariate p below {found.entry:g}."))
    else:
        blocks.append(Paragraph(f"No variable has a univariate p below {found.entry:g}, so none go together."))
    models = [*found.univariate.items(), *([("together", found.multivariable)] if found.multivariable else [])]
    # How few events there are is said above, once.
    notes = [
        note if note.startswith(name) else f"{name}: {note}"
        for name, model in models
        for note in model.notes
        if "separat" in note
    ]
    firth = ", and the penalised likelihood ratio's where odds ratios are Firth's" if notes else ""
    notes.insert(0, f"The p is Wald's{firth}.")
    notes += [f"{name}: {reason}" for name, reason in found.left_out.items()]
    blocks += [Paragraph(note, muted=True) for note in notes]
    return Section(f"Logistic regression{tail}", blocks)


def _rows(variable: str, model: LogisticModel) -> list[tuple[str, ...]]:
    return [
        (
            term.name or variable,
            _ratio(term.ratio),
            _wald(term, model.level),
            f"{_ratio(term.low)} to {_ratio(term.high)}",
            p_value(term.p),
        )
        for term in model.terms
    ]


def _wald(term: OddsRatio, level: float) -> str:
    half = float(norm.isf((1 - level) / 2)) * term.standard_error
    return f"{_ratio(math.exp(term.coefficient - half))} to {_ratio(math.exp(min(term.coefficient + half, MOST)))}"


def _ratio(value: float) -> str:
    return f"> {LARGEST:,.0f}" if value > LARGEST else number(value, 2)
