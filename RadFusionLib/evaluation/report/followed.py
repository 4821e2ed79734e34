"""What a report says of survival and of treatment."""

from __future__ import annotations

from RadFusionLib.evaluation.assessment import APPARENT, Assessment
from RadFusionLib.evaluation.cox import CoxModel, CoxTable, HazardRatio
from RadFusionLib.evaluation.report.document import Block, Figure, Figures, Folded, Notice, Paragraph, Section, Table
from RadFusionLib.evaluation.report.figures import survival_figure
from RadFusionLib.evaluation.report.figures.style import BLUE, ORANGE, RED, TEAL
from RadFusionLib.evaluation.report.words import interval, months, number, p_value
from RadFusionLib.evaluation.risk_groups import GroupSurvival
from RadFusionLib.evaluation.survival import KaplanMeier
from RadFusionLib.evaluation.treatment import GroupBenefit, TreatmentBenefit

__all__ = ["survival_section", "treatment_section"]

OPTIMISTIC = "These cases trained the model, so the groups are parted better than they would be among new patients."


def survival_section(one: Assessment, tail: str) -> Section:
    """Curves, medians, tests and Cox tables by risk group."""
    blocks: list[Block] = []
    if one.name == APPARENT:
        blocks.append(Notice((OPTIMISTIC,)))
    figures = tuple(_group_figure(found) for found in one.survival if found.low or found.high)
    rows = tuple(row for found in one.survival for row in _group_rows(found))
    blocks += [
        Figures(figures),
        Table(("group", "events/cases", "median months (95 % interval)", "at 12", "at 36"), rows),
    ]
    blocks.append(
        Table(
            ("endpoint", "log-rank p", "hazard ratio high/low", "Harrell's C", "Uno's C", "followed, median months"),
            tuple(
                (
                    found.endpoint, p_value(found.log_rank.p) if found.log_rank else "–",
                    _ratio(found.cox.terms[0]) if found.cox else "–", interval(found.harrell, 2),
                    interval(found.uno, 2), number(found.median_follow_up, 1),
                )
                for found in one.survival
            ),
            "Both C's are of the risk itself, not of the groups",
        )
    )  # fmt: skip
    for found in one.survival:
        blocks += [Paragraph(f"{found.endpoint}: {note}", muted=True) for note in found.notes]
        if found.table is not None:
            blocks.append(_cox(found.endpoint, found.table))
    return Section(f"Survival by risk group{tail}", blocks)


def treatment_section(one: Assessment, tail: str) -> Section:
    """Treated against untreated within the risk groups, and the interaction."""
    first = next(iter(one.treatment.values()))
    sentences = (first.warning, OPTIMISTIC) if one.name == APPARENT else (first.warning,)
    figures: list[Figure] = []
    rows: list[tuple[str, ...]] = []
    for endpoint, found in one.treatment.items():
        for group in found.groups:
            figure = _benefit_figure(endpoint, group)
            figures += [figure] if figure else []
            rows.append(_benefit_row(endpoint, group))
        rows.append(_interaction_row(endpoint, found))
    blocks: list[Block] = [
        Notice(sentences),
        Figures(tuple(figures)),
        Table(
            (
                "group", "treated, events/cases", "untreated, events/cases", "hazard ratio treated/untreated",
                "p",
            ),
            tuple(rows),
        ),
        Paragraph(
            "A benefit that is significant in one group and not in the other is no evidence that the groups differ; "
            "the row of the interaction is. It divides the hazard ratio of the high-risk group by that of the low-risk "
            "group and is tested by the likelihood ratio; within a group p is the log-rank test's."
        ),
    ]  # fmt: skip
    for endpoint, found in one.treatment.items():
        notes = [found.note, *(f"{group.group} risk: {group.note}" for group in found.groups if group.note)]
        blocks += [Paragraph(f"{endpoint}: {note}", muted=True) for note in notes if note]
    return Section(f"Treatment{tail}", blocks)


def _group_figure(found: GroupSurvival) -> Figure:
    curves = {}
    for label, curve, colour in (("low risk", found.low, BLUE), ("high risk", found.high, RED)):
        if curve is not None:
            curves[f"{label} ({curve.count}/{curve.cases})"] = (curve, colour)
    remark = f"log-rank p {p_value(found.log_rank.p)}" if found.log_rank else ""
    return Figure(
        survival_figure(curves, found.endpoint, remark),
        f"{found.endpoint} by risk group, with 95 % intervals; ticks are last visits.",
        f"Kaplan-Meier curves of {found.endpoint} by risk group",
    )


def _benefit_figure(endpoint: str, group: GroupBenefit) -> Figure | None:
    curves = {}
    for label, curve, colour in (("treated", group.treated, TEAL), ("untreated", group.untreated, ORANGE)):
        if curve is not None:
            curves[f"{label} ({curve.count}/{curve.cases})"] = (curve, colour)
    if not curves:
        return None
    remark = f"{group.group} risk" + (f", log-rank p {p_value(group.log_rank.p)}" if group.log_rank else "")
    return Figure(
        survival_figure(curves, endpoint, remark),
        f"{endpoint} of the {group.group}-risk group by treatment. Not randomised.",
        f"Kaplan-Meier curves of {endpoint} by treatment in the {group.group}-risk group",
    )


def _group_rows(found: GroupSurvival) -> list[tuple[str, ...]]:
    rows = []
    for label, curve in (("low risk", found.low), ("high risk", found.high)):
        if curve is not None:
            rows.append((f"{found.endpoint}, {label}", *_curve_cells(curve)))
    return rows


def _curve_cells(curve: KaplanMeier) -> tuple[str, ...]:
    return (
        f"{curve.count}/{curve.cases}",
        months(curve.median, curve.median_low, curve.median_high),
        interval(curve.at(12), 2),
        interval(curve.at(36), 2),
    )


def _benefit_row(endpoint: str, group: GroupBenefit) -> tuple[str, ...]:
    return (
        f"{endpoint}, {group.group} risk",
        _count(group.treated),
        _count(group.untreated),
        _ratio(group.hazard_ratio) if group.hazard_ratio else "–",
        p_value(group.log_rank.p) if group.log_rank else "–",
    )


def _interaction_row(endpoint: str, found: TreatmentBenefit) -> tuple[str, ...]:
    if found.interaction is None:
        return (f"{endpoint}, interaction", "", "", "–", "–")
    return (f"{endpoint}, interaction", "", "", _ratio(found.interaction.ratio), p_value(found.interaction.p))


def _count(curve: KaplanMeier | None) -> str:
    return f"{curve.count}/{curve.cases}" if curve else "0/0"


def _ratio(term: HazardRatio) -> str:
    return f"{term.ratio:.2f} ({term.low:.2f} to {term.high:.2f})"


def _cox(endpoint: str, table: CoxTable) -> Folded:
    together = table.multivariable
    joint = {term.name: term for term in together.terms} if together else {}
    rows = []
    for model in table.univariate:
        term = model.terms[0]
        also = joint.get(term.name)
        rows.append(
            (
                term.name, _ratio(term), p_value(term.p), _ratio(also) if also else "", p_value(also.p) if also else "",
                _proportional(together if also and together else model, term.name),
            )
        )  # fmt: skip
    header = ("variable", "univariate", "p", "multivariable", "p", "proportional hazards, p")
    notes: list[Block] = [
        Paragraph(
            f"Together go the variables with a univariate p below {table.entry:g}. Hazard ratios are for one unit of "
            "the variable. A small p in the last column says that the hazard ratio changes with time.", muted=True,
        )
    ]  # fmt: skip
    notes += [Paragraph(reason, muted=True) for reason in table.left_out.values()]
    notes += [Paragraph(note, muted=True) for note in (together.notes if together else ())]
    return Folded(f"Cox models of {endpoint}", (Table(header, tuple(rows)), *notes))


def _proportional(model: CoxModel, name: str) -> str:
    return next((p_value(test.p) for test in model.proportional if test.name == name), "–")
