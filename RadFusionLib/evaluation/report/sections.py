"""What a report of an evaluation says, section by section."""

from __future__ import annotations

import numpy as np

from RadFusionLib.evaluation.assessment import APPARENT, TEST, Assessment
from RadFusionLib.evaluation.confusion import RATES
from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.evaluation.missing import MissingValues
from RadFusionLib.evaluation.record import Evaluation
from RadFusionLib.evaluation.report.checklists import filled_checklists
from RadFusionLib.evaluation.report.document import (
    Block,
    Figure,
    Figures,
    Folded,
    KeyNumber,
    KeyNumbers,
    Notice,
    Paragraph,
    Preformatted,
    Section,
    Table,
)
from RadFusionLib.evaluation.report.figures import (
    calibration_figure,
    decision_figure,
    forest_figure,
    histogram_figure,
    roc_figure,
)
from RadFusionLib.evaluation.report.followed import survival_section, treatment_section
from RadFusionLib.evaluation.report.inner_models import correlation_section, models_section, nomogram_section
from RadFusionLib.evaluation.report.mispredicted import baseline_block, misprediction_section, patches_section
from RadFusionLib.evaluation.report.regression import lasso_section, logistic_section, networks_section
from RadFusionLib.evaluation.report.shares import shares_section
from RadFusionLib.evaluation.report.words import interval, number, p_value, percent
from RadFusionLib.evaluation.risk_groups import GroupSurvival
from RadFusionLib.evaluation.sample_size import SampleSize

__all__ = ["report_sections"]

SET_NAMES = {TEST: "Test set", APPARENT: "Apparent performance"}
SHOWN_FAILURES = 20
MANY = 1_000_000
"""Cases beyond which a number would seem to mean something."""
FEW_EVENTS = 10
"""Events a variable below which a Cox model is said to have few (Peduzzi 1995)."""


def report_sections(found: Evaluation) -> list[Section]:
    """The sections of the whole report, in order."""
    sections = [_glance(found)]
    for one in found.sets.values():
        sections += _of_set(found, one, len(found.sets) > 1)
    sections.append(nomogram_section(found.nomogram))
    sections += [part for part in (lasso_section(found.bundle), networks_section(found.bundle)) if part is not None]
    sections.append(shares_section(found.shares))
    if found.readings:
        sections.append(_readings(found))
    if found.findings:
        sections.append(_findings(found))
    sections += [_missing(found), _sample_size(found), _checklists(found), _provenance(found)]
    return sections


def _glance(found: Evaluation) -> Section:
    blocks: list[Block] = []
    for name, one in found.sets.items():
        word = "never seen in training" if name == TEST else "known from training: too good, no test"
        blocks.append(Paragraph(f"{SET_NAMES[name]}: {one.cases} cases, {one.positive} with the outcome, {word}."))
        blocks.append(_numbers(one))
    blocks.append(Paragraph(f"Predicted outcome: {found.bundle.positive} ({found.bundle.outcome})."))
    if found.warnings:
        blocks.append(Notice(found.warnings, "Know this first"))
    blocks.append(
        Paragraph("The absence of a warning does not mean that the model is fit for any patient.", muted=True)
    )
    return Section("At a glance", blocks)


def _numbers(one: Assessment) -> KeyNumbers:
    slope = one.calibration.slope if one.calibration else None
    shown = [
        ("AUC", one.auc, 2),
        ("Sensitivity", one.rates["sensitivity"], 2),
        ("Specificity", one.rates["specificity"], 2),
        ("Calibration slope", slope, 2),
    ]
    numbers = [
        KeyNumber(label, "–" if e is None else number(e.value, digits), _limits(e, digits))
        for label, e, digits in shown
    ]
    numbers.append(KeyNumber("Brier score", number(one.brier.score), f"scaled {number(one.brier.scaled, 2)}"))
    return KeyNumbers(tuple(numbers))


def _limits(estimate: Estimate | None, digits: int) -> str:
    if estimate is None:
        return "not defined"
    if np.isnan(estimate.low):
        return "no interval"
    return f"95 % interval {number(estimate.low, digits)} to {number(estimate.high, digits)}"


def _of_set(found: Evaluation, one: Assessment, several: bool) -> list[Section]:
    tail = f" ({one.name})" if several else ""
    cases = [case for case in found.cases if case.set == one.name and case.outcome is not None]
    risk, outcome = np.array([c.risk for c in cases]), np.array([c.outcome for c in cases])
    sections = [
        Section(f"Performance{tail}", _performance(found, one, risk, outcome)),
        Section(f"Calibration{tail}", _calibration(one, risk)),
    ]
    if one.models is not None:
        sections.insert(1, models_section(one, one.models, found.bundle, tail))
    if one.baseline is not None:
        caption = "Mean ± SD where values look normal, else median (quartiles); counts (%)"
        sections.append(Section(f"Baseline{tail}", [baseline_block(one.baseline, caption)]))
    if one.regression is not None:
        sections.append(logistic_section(one, one.regression, tail))
    sections.append(misprediction_section(one, tail))
    if one.patches is not None:
        sections.append(patches_section(one, one.patches, tail))
    if one.subgroups:
        sections.append(Section(f"Subgroups{tail}", _subgroups(one)))
    if one.survival:
        sections.append(survival_section(one, tail))
    if one.treatment:
        sections.append(treatment_section(one, tail))
    features = correlation_section(one, tail)
    if features is not None:
        sections.append(features)
    return sections


def _performance(found: Evaluation, one: Assessment, risk: np.ndarray, outcome: np.ndarray) -> list[Block]:
    m = one.confusion
    blocks: list[Block] = []
    if one.name == APPARENT:
        blocks.append(Notice(("The bundle was trained on these cases. This is apparent performance, never a test.",)))
    blocks.append(
        Figures(
            (
                Figure(
                    roc_figure(one), "Receiver operating characteristic. The point is the frozen threshold.",
                    f"ROC curve, AUC {interval(one.auc)}",
                ),
                Figure(
                    histogram_figure(risk, outcome, one.threshold, found.bundle.positive),
                    "Predicted risks by outcome.", "Histogram of the predicted risks by outcome",
                ),
            )
        )
    )  # fmt: skip
    blocks.append(
        Table(
            ("measure", "value (95 % interval)"),
            (
                ("AUC (DeLong)", interval(one.auc)),
                *((RATES[name], percent(estimate)) for name, estimate in one.rates.items()),
            ),
            f"At the threshold of {100 * one.threshold:.1f} %, frozen in training; intervals exact",
        )
    )
    blocks.append(
        Table(
            ("", "with the outcome", "without"),
            (
                ("high risk", str(m.true_positive), str(m.false_positive)),
                ("low risk", str(m.false_negative), str(m.true_negative)),
            ),
            "Cases by risk group and outcome",
        )
    )
    oof = found.bundle.out_of_fold_auc.get("ensemble")
    if oof is not None:
        within = found.bundle.out_of_fold_interval.get("ensemble")
        said = f" ({within[0]:.3f} to {within[1]:.3f}, patients resampled)" if within else ""
        blocks.append(
            Paragraph(
                f"For comparison: out-of-fold AUC of the training cases {oof:.3f}{said}, each by members that never "
                "saw it."
            )
        )
    blocks += [Paragraph(note, muted=True) for note in one.notes]
    return blocks


def _calibration(one: Assessment, risk: np.ndarray) -> list[Block]:
    figures = []
    if one.calibration_curve is not None:
        figures.append(
            Figure(
                calibration_figure(one.calibration_curve, risk),
                "Calibration: observed against predicted; ticks are cases.", "Calibration curve with its band",
            )
        )  # fmt: skip
    figures.append(
        Figure(
            decision_figure(one.decision, one.threshold),
            "Decision curve: what acting by the risk is worth against acting on everybody or nobody.",
            "Decision curve",
        )
    )
    rows = [("Brier score", number(one.brier.score)), ("Brier score, scaled", number(one.brier.scaled))]
    if one.calibration is not None:
        c = one.calibration
        rows += [
            ("slope (1 is right)", interval(c.slope)),
            ("intercept", interval(c.intercept)),
            ("calibration in the large (0 is right)", interval(c.in_the_large)),
            ("observed to expected (1 is right)", interval(c.observed_to_expected)),
        ]
    if one.hosmer_lemeshow is not None:
        h = one.hosmer_lemeshow
        rows.append(
            ("Hosmer-Lemeshow", f"{h.statistic:.2f}, {h.degrees_of_freedom} degrees of freedom, p {p_value(h.p)}")
        )
    blocks: list[Block] = [Figures(tuple(figures)), Table(("measure", "value (95 % interval)"), tuple(rows))]
    if one.hosmer_lemeshow is not None:
        blocks.append(Paragraph(f"Hosmer-Lemeshow groups: {one.hosmer_lemeshow.grouping}.", muted=True))
    useful = one.decision.useful("risk")
    if useful.size:
        low, high = 100 * useful.min(), 100 * useful.max()
        blocks.append(
            Paragraph(
                f"Net benefit is above that of acting on everybody and on nobody at {useful.size} of the "
                f"{one.decision.thresholds.size} threshold probabilities drawn, between {low:.0f} and {high:.0f} %."
            )
        )
    else:
        blocks.append(Paragraph("At no threshold probability is acting by the risk worth more than the simple rules."))
    return blocks


def _subgroups(one: Assessment) -> list[Block]:
    rows = tuple(
        (
            f"{g.variable}: {g.level}", f"{g.positive}/{g.cases}", g.note or interval(g.auc, 2), percent(g.sensitivity),
            percent(g.specificity), f"{100 * g.mean_risk:.1f} %", percent(g.observed),
        )
        for table in one.subgroups
        for g in table.groups
    )  # fmt: skip
    said = [f"{t.variable}: p {p_value(t.p)}" for t in one.subgroups if not np.isnan(t.p)]
    said += [f"{t.variable} unknown in {t.unknown} cases" for t in one.subgroups if t.unknown]
    alike = (
        f"Do the AUCs of a variable's groups differ (Cochran's Q)? {'; '.join(said)}."
        if said
        else "The groups are too small to test whether their AUCs differ."
    )
    return [
        Figure(
            forest_figure(one), "AUC by subgroup; in brackets cases with the outcome / all cases.",
            "Forest plot of the AUC by subgroup", wide=True,
        ),
        Paragraph(alike + " With few cases a large p does not show that the groups are alike."),
        Folded(
            "Table of the subgroups",
            (
                Table(
                    ("subgroup", "with outcome", "AUC", "sensitivity", "specificity", "mean risk", "observed"), rows
                ),
            ),
        ),
    ]  # fmt: skip


def _readings(found: Evaluation) -> Section:
    rows = tuple(
        (
            r.reading, str(r.cases), f"{np.mean(r.dice):.3f} (SD {np.std(r.dice, ddof=1) if r.cases > 1 else 0:.3f})",
            interval(r.risk.estimate if r.risk else None, 2), interval(r.group.estimate if r.group else None, 2),
            f"{100 * r.largest_change:.1f} points", f"{r.reproducible} of {len(r.features)}" if r.features else "–",
        )
        for r in found.readings
    )  # fmt: skip
    names = list(dict.fromkeys(name for r in found.readings for name in r.features))
    features = tuple((n, *(number(r.features.get(n, float("nan")), 2) for r in found.readings)) for n in names)
    header = (
        "reading",
        "cases",
        "Dice",
        "ICC of the risk",
        "kappa of the group",
        "largest change",
        "features, ICC ≥ 0.75",
    )
    blocks: list[Block] = [
        Paragraph(
            "The same cases drawn again: by another reader (such as 2) or by the first reader on another day (such as "
            "1.2), each against the first contour. ICC(2,1): two-way random, absolute agreement, single reader."
        ),
        Table(header, rows),
    ]
    if features:
        table = Table(("feature", *(f"reading {r.reading}" for r in found.readings)), features)
        blocks.append(Folded("ICC of every feature that the risk depends on", (table,)))
    blocks += [Paragraph(f"Reading {r.reading}: {note}", muted=True) for r in found.readings for note in r.notes]
    return Section("Readings", blocks)


def _findings(found: Evaluation) -> Section:
    rows = tuple(
        (
            f.name, f.reader, str(f.cases), interval(f.kappa.estimate if f.kappa else None, 2),
            f"{100 * f.kappa.agreement:.0f} %" if f.kappa else "–", interval(f.icc.estimate if f.icc else None, 2),
        )
        for f in found.findings
    )  # fmt: skip
    blocks: list[Block] = [
        Paragraph(
            "Clinical values and findings that another reader read too, against the first reader's. Cohen's kappa of "
            "findings (linear weights beyond two levels), ICC(2,1) of measurements."
        ),
        Table(("value", "reader", "cases", "kappa", "same", "ICC"), rows),
    ]
    blocks += [Paragraph(f"{f.name}, reader {f.reader}: {f.note}", muted=True) for f in found.findings if f.note]
    return Section("Findings read twice", blocks)


def _missing(found: Evaluation) -> Section:
    def row(m: MissingValues) -> tuple[str, ...]:
        share = f"{m.missing} of {m.cases} ({100 * m.share:.0f} %)"
        return m.variable, share, str(m.missing_with), str(m.missing_without)

    header = ("variable", "missing", "of those with the outcome", "without")
    gaps = tuple(row(m) for m in found.missing if m.missing)
    blocks: list[Block] = [Paragraph("Nothing is imputed.")]
    blocks.append(Table(header, gaps) if gaps else Paragraph("No value is missing in any of the variables."))
    blocks.append(Folded("All variables", (Table(header, tuple(row(m) for m in found.missing)),)))
    if found.failures:
        listed = list(found.failures.items())[:SHOWN_FAILURES]
        blocks.append(Table(("case", "why it could not be predicted"), tuple(listed), words=True))
        if len(found.failures) > SHOWN_FAILURES:
            blocks.append(Paragraph("The rest is in failures.csv.", muted=True))
    return Section("Missing data", blocks)


def _sample_size(found: Evaluation) -> Section:
    d = found.development
    blocks: list[Block] = [
        Paragraph(
            f"Development: {d.cases} training cases, {min(d.events, d.cases - d.events)} in the smaller class, "
            f"{d.events_worded}."
        )
    ]
    if d.wanted is not None:
        blocks.append(_criteria(d.wanted, "Cases to develop a model of that many candidates (Riley 2019)"))
        blocks.append(
            Paragraph(
                f"Reckoned with an AUC of {d.auc:.2f} (out-of-fold) and the training prevalence. The criteria are made "
                "for regression without selection; penalised models and selection inside the folds need fewer, but "
                "how many cannot be said beforehand.", muted=True,
            )
        )  # fmt: skip
    for name, one in found.sets.items():
        if one.wanted is not None and name == TEST:
            blocks.append(_criteria(one.wanted, f"Cases to test such a model (Riley 2021); there were {one.cases}"))
        for followed in one.survival:
            blocks += _survival_size(followed, name if len(found.sets) > 1 else "")
    return Section("Sample size", blocks)


def _survival_size(followed: GroupSurvival, name: str) -> list[Block]:
    """Events a variable of the Cox models, and the cases that such a model would need."""
    where = f" ({name} set)" if name else ""
    few = " Ten or more are asked for by the old rule of thumb." if followed.events_a_variable < FEW_EVENTS else ""
    variables = "variable" if followed.variables == 1 else "variables"
    said = (
        f"Cox models of {followed.endpoint}{where}: {followed.events} events among {followed.cases} cases for "
        f"{followed.variables} {variables}, {followed.events_a_variable:.1f} events a variable.{few}"
    )
    blocks: list[Block] = [Paragraph(said)]
    if followed.wanted is not None:
        caption = f"Cases to develop a Cox model of {followed.variables} {variables} (Riley 2019)"
        blocks.append(_criteria(followed.wanted, f"{caption}, for 15 % of the R squared that is possible"))
    return blocks


def _criteria(wanted: SampleSize, caption: str) -> Table:
    rows = tuple((c.name, _many(c.cases)) for c in wanted.criteria)
    return Table(("criterion", "cases"), (*rows, ("all of them", _many(wanted.cases))), caption)


def _many(cases: int) -> str:
    return f"{cases:,}" if cases <= MANY else f"more than {MANY:,}"


def _checklists(found: Evaluation) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "Filled with what the software knows; the rest is the author's. Items are paraphrased in short: the "
            "published text rules. The same tables lie beside this page as CSV."
        )
    ]
    for checklist, items in filled_checklists(found).items():
        known = sum(bool(item.known) for item in items)
        rows = tuple((i.item.number, i.item.section, i.item.asks, i.known or "for the author") for i in items)
        blocks.append(
            Folded(
                f"{checklist.name}: {known} of {len(items)} items filled",
                (
                    Paragraph(checklist.source, muted=True),
                    Table(("item", "section", "asks for", "known"), rows, words=True),
                ),
            )
        )
    return Section("Checklists", blocks)


def _provenance(found: Evaluation) -> Section:
    b = found.bundle
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    return Section(
        "Model and software",
        [
            Paragraph(f"Bundle {b.name}, evaluated on {found.manifest}. {versions}."),
            Folded("The bundle's card", (Preformatted(b.card),)),
        ],
    )
