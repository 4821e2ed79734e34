"""What a report says of the models inside the final one: their areas, their nomogram, their features."""

from __future__ import annotations

from RadFusionLib.evaluation.assessment import APPARENT, Assessment
from RadFusionLib.evaluation.model_comparison import ModelComparison
from RadFusionLib.evaluation.record import BundleFacts, NomogramFacts
from RadFusionLib.evaluation.report.document import Block, Figure, Notice, Paragraph, Section, Table
from RadFusionLib.evaluation.report.figures import correlation_figure, model_curves_figure, nomogram_figure
from RadFusionLib.evaluation.report.words import interval, number, p_value

__all__ = ["correlation_section", "models_section", "nomogram_section"]

ENSEMBLE = "ensemble"
"""Under which a bundle's record keeps the final model's area."""


def models_section(one: Assessment, comparison: ModelComparison, bundle: BundleFacts, tail: str) -> Section:
    """Each model inside the fusion beside the fusion, and the tests between them."""
    blocks: list[Block] = []
    if one.name == APPARENT:
        blocks.append(Notice(("These cases trained the models, so every area below is too good.",)))
    blocks.append(
        Figure(
            model_curves_figure(comparison),
            "The models inside the fusion and the fusion itself (thick).",
            "ROC curves of " + ", ".join(f"{m.name}, AUC {interval(m.auc, 2)}" for m in comparison.models),
        )
    )
    trained = {**bundle.out_of_fold_auc, comparison.models[-1].name: bundle.out_of_fold_auc.get(ENSEMBLE, float("nan"))}
    rows = tuple(
        (m.name, m.modality or "no image", interval(m.auc), number(trained.get(m.name, float("nan"))))
        for m in comparison.models
    )
    blocks.append(
        Table(
            ("model", "images", "AUC (DeLong's 95 % interval)", "AUC in training, out of fold"),
            rows,
            "The score of a model inside is the mean of its members'; that of the last, the final model, is the risk",
        )
    )
    if comparison.tests:
        tests = tuple(
            (
                f"{t.first} against {t.second}", t.relation or "–", interval(t.comparison.difference),
                number(t.comparison.statistic, 2), p_value(t.comparison.p), p_value(t.adjusted),
            )
            for t in comparison.tests
        )  # fmt: skip
        header = ("models", "what differs", "difference of the AUCs", "z", "p", "p, Holm")
        blocks.append(Table(header, tests, f"DeLong's test between each pair, {len(tests)} in all"))
        blocks.append(
            Paragraph(
                "The last column is adjusted for the number of tests. A large p does not show that two models are "
                "alike.", muted=True,
            )
        )  # fmt: skip
    blocks += [Paragraph(note, muted=True) for note in comparison.notes]
    shown = {part for m in comparison.models for part in m.name.split(" / ")} | {ENSEMBLE}
    alone = {name: auc for name, auc in bundle.out_of_fold_auc.items() if name not in shown}
    if alone:
        said = ", ".join(f"{name} {auc:.3f}" for name, auc in alone.items())
        blocks.append(
            Paragraph(
                "Models of the recipe that are no part of the fusion are not kept in a bundle, so they are not "
                f"evaluated here; their AUC in training, out of fold: {said}.", muted=True,
            )
        )  # fmt: skip
    return Section(f"Models inside the fusion{tail}", blocks)


def nomogram_section(found: NomogramFacts) -> Section:
    """The nomogram and what it stands for, or why there is none."""
    if found.nomogram is None:
        return Section("Nomogram", [Paragraph(f"There is none. {found.reason}")])
    return Section(
        "Nomogram",
        [
            Figure(
                nomogram_figure(found.nomogram),
                "Points of each input add up to the total, under which the risk is read.",
                "Nomogram of " + ", ".join(v.label for v in found.nomogram.variables),
                wide=True,
            ),
            Paragraph(
                "Drawn from the mean of the members' coefficients, which all have the same inputs, and the bundle's "
                "calibration. Each member has a signature of its own, and their mean enters here: among the evaluated "
                "cases the nomogram's risk differs from the model's by "
                f"{100 * found.largest_difference:.1f} percentage points at most."
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
    blocks: list[Block] = [
        Figure(
            correlation_figure(found, labels),
            f"Spearman's correlation over {found.cases} cases of the features that any member of the final model uses; "
            "like features stand side by side.",
            "Map of the correlations between the model's features",
            wide=True,
        )
    ]
    if found.constant:
        blocks.append(
            Paragraph(f"One value only, so left out: {', '.join(readable(n) for n in found.constant)}.", muted=True)
        )
    blocks.append(
        Paragraph(
            "How a LASSO's coefficients shrink along its path is known only while it is fitted; a bundle keeps what it "
            "chose, so no path is drawn here.", muted=True,
        )
    )  # fmt: skip
    return Section(f"Features{tail}", blocks)
