"""What a report says of the recipe's models: their areas, the nomogram, the features."""

from __future__ import annotations

from RadFusionLib.evaluation.assessment import APPARENT, Assessment
from RadFusionLib.evaluation.model_comparison import ModelComparison, ModelTest
from RadFusionLib.evaluation.record import BundleFacts, NomogramFacts
from RadFusionLib.evaluation.report.document import Block, Figure, Folded, Notice, Paragraph, Section, Table
from RadFusionLib.evaluation.report.figures import correlation_figure, model_curves_figure, nomogram_figure
from RadFusionLib.evaluation.report.words import interval, number, p_value

__all__ = ["correlation_section", "models_section", "nomogram_section"]

ENSEMBLE = "ensemble"
"""Under which a bundle's record keeps the final model's area."""
MANY = 16
"""Tests beyond which only those of the final model are shown at once."""
FAR = 0.05
"""Risk by which a nomogram may differ from the model that it stands for."""


def models_section(one: Assessment, comparison: ModelComparison, bundle: BundleFacts, tail: str) -> Section:
    """Each model of the recipe beside the final one, and the tests between them."""
    blocks: list[Block] = []
    if one.name == APPARENT:
        blocks.append(Notice(("These cases trained the models, so every area below is too good.",)))
    final = comparison.models[-1].name
    blocks.append(
        Figure(
            model_curves_figure(comparison),
            f"The models of the recipe; {final}, the final one, is drawn thick.",
            "ROC curves of " + ", ".join(f"{m.name}, AUC {interval(m.auc, 2)}" for m in comparison.models),
        )
    )
    rows = tuple(
        (m.name, m.modality or "no image", interval(m.auc), _trained(bundle, ENSEMBLE if m.name == final else m.name))
        for m in comparison.models
    )
    blocks.append(
        Table(
            ("model", "images", "AUC (DeLong's 95 % interval)", "in training, out of fold (patients resampled)"),
            rows,
            "The score of a model is the mean of its members'; that of the last, the final model, is the risk",
        )
    )
    if comparison.tests:
        blocks += _tests(comparison.tests, final)
    blocks += [Paragraph(note, muted=True) for note in comparison.notes]
    shown = {part for m in comparison.models for part in m.name.split(" / ")} | {ENSEMBLE}
    alone = {name: auc for name, auc in bundle.out_of_fold_auc.items() if name not in shown}
    if alone:
        said = ", ".join(f"{name} {auc:.3f}" for name, auc in alone.items())
        blocks.append(Paragraph(f"Not evaluated here; AUC in training, out of fold: {said}.", muted=True))
    return Section(f"Models{tail}", blocks)


def _trained(bundle: BundleFacts, name: str) -> str:
    within = bundle.out_of_fold_interval.get(name)
    said = f" ({within[0]:.3f} to {within[1]:.3f})" if within else ""
    return number(bundle.out_of_fold_auc.get(name, float("nan"))) + said


def _tests(tests: tuple[ModelTest, ...], final: str) -> list[Block]:
    """The tests that the recipe is made for, and behind a line to click the others."""
    related = tuple(t for t in tests if t.relation)
    if len(related) > MANY:
        related = tuple(t for t in tests if final in (t.first, t.second))
    rest = tuple(t for t in tests if t not in related)
    header = ("models", "what differs", "difference of the AUCs", "z", "p", "p, Holm")
    blocks: list[Block] = []
    if related:
        blocks.append(Table(header, _test_rows(related), "DeLong's test between two models of the same cases"))
    blocks.append(
        Paragraph(
            f"The last column is adjusted for all {len(tests)} pairs. A large p does not show that two models are "
            "alike.", muted=True,
        )
    )  # fmt: skip
    if rest:
        blocks.append(Folded(f"The other {len(rest)} pairs", (Table(header, _test_rows(rest)),)))
    return blocks


def _test_rows(tests: tuple[ModelTest, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            f"{t.first} against {t.second}", t.relation or "–", interval(t.comparison.difference),
            number(t.comparison.statistic, 2), p_value(t.comparison.p), p_value(t.adjusted),
        )
        for t in tests
    )  # fmt: skip


def nomogram_section(found: NomogramFacts) -> Section:
    """The nomogram and what it stands for, or why there is none."""
    if found.nomogram is None:
        return Section("Nomogram", [Paragraph(f"There is none. {found.reason}")])
    points = f"{100 * found.largest_difference:.1f} percentage points"
    far = found.largest_difference > FAR
    return Section(
        "Nomogram",
        [
            *([Notice((f"Read no risk off it: it is up to {points} from the model's.",))] if far else []),
            Figure(
                nomogram_figure(found.nomogram),
                "Points of each input add up to the total, under which the risk is read.",
                "Nomogram of " + ", ".join(v.label for v in found.nomogram.variables),
                wide=True,
            ),
            Paragraph(
                "Drawn from the mean of the members' coefficients, which all have the same inputs, and the bundle's "
                "calibration. Each member has a signature of its own, and their mean enters here: among the evaluated "
                f"cases the nomogram's risk differs from the model's by {points} at most."
            ),
        ],
    )


def correlation_section(one: Assessment, tail: str) -> Section | None:
    """The correlations of the final model's features; None where there is nothing to draw."""
    from RadFusionLib.explain.labels import readable

    found = one.correlation
    if found is None:
        return None
    labels = tuple(readable(name) for name in found.names)
    which = "the features that any member of the final model uses"
    if found.left_out:
        drawn = len(found.names) + len(found.constant)
        which = f"those {drawn} features of {drawn + found.left_out} that most members of the final model use"
    blocks: list[Block] = [
        Figure(
            correlation_figure(found, labels),
            f"Spearman's correlation over {found.cases} cases of {which}; like features stand side by side.",
            "Map of the correlations between the model's features",
            wide=True,
        )
    ]
    if found.constant:
        blocks.append(
            Paragraph(f"One value only, so left out: {', '.join(readable(n) for n in found.constant)}.", muted=True)
        )
    return Section(f"Features{tail}", blocks)
