"""What the software knows of an evaluation, item by item; it never judges, and never guesses."""

from __future__ import annotations

from RadFusionLib.evaluation.assessment import APPARENT, TEST
from RadFusionLib.evaluation.record import Evaluation
from RadFusionLib.evaluation.report.words import interval

__all__ = ["for_clear", "for_metrics", "for_tripod_ai"]

BASELINE = "Clinical values, centre, scanner and treatment by outcome, with tests. Sections: Baseline, Missing data."


def for_tripod_ai(found: Evaluation) -> dict[str, str]:
    """Answers to TRIPOD+AI by item number."""
    answers = {
        "4": f"Evaluation of the bundle {found.bundle.name}. Section: At a glance.",
        "9b": f"{_predictors(found)} Units are in the recipe.",
        "10": f"{_sample_size(found)} Section: Sample size.",
        "11": f"{_missing(found)} Section: Missing data.",
        "12a": _partition(found),
        "12b": f"In this order, inside the training folds: {', '.join(found.bundle.steps)}.",
        "12c": f"{_algorithm(found)} Chosen by inner folds: {found.bundle.finals}.",
        "12d": "AUC by centre and scanner with Cochran's Q. Section: Subgroups.",
        "12e": f"{_measures()} ROC, calibration, decision curve, histogram, forest of subgroups.",
        "12f": "None: the bundle was applied as it is.",
        "12g": f"By RadFusion {found.versions.get('RadFusion', '')} from the bundle {found.bundle.name}.",
        "14": "None by the software; performance by sex and age is shown. Section: Subgroups.",
        "15": _output(found),
        "16": _differences(found),
        "20a": _flow(found),
        "21": f"Training: {found.bundle.cases} cases, {found.bundle.events} with the outcome. {_flow(found)}",
        "22": f"The bundle {found.bundle.name} holds the whole model and applies it to new cases.",
        "23a": _performance(found),
        "24": "None: the bundle was not updated.",
        "27a": "A missing phase, mask or clinical value that the model uses is an error; nothing is imputed.",
        "27b": "The tumour must be drawn, or a drawn mask given.",
    }
    if any(
        table.variable == "center" and len(table.groups) > 1 for one in found.sets.values() for table in one.subgroups
    ):
        answers["23b"] = "AUC by centre with Cochran's Q. Section: Subgroups."
    if found.centers:
        answers["6a"] = f"{len(found.centers)} centre(s) in the evaluated cases: {', '.join(found.centers)}."
    if any(one.baseline for one in found.sets.values()):
        answers["20b"] = f"{BASELINE} Dates are for the author."
    if any(one.treatment for one in found.sets.values()):
        answers["6c"] = "Treatment is in the manifest; it is not a predictor. Section: Treatment."
    return answers


def for_clear(found: Evaluation) -> dict[str, str]:
    """Answers to CLEAR by item number."""
    answers = {
        "7": "CLEAR, TRIPOD+AI and METRICS, filled as far as the software knows.",
        "9": f"{_sample_size(found)} Section: Sample size.",
        "15": _partition(found),
        "17": ", ".join(found.bundle.clinical) or "None.",
        "22": "In the recipe, section cr.",
        "23": "In the recipe, section cr.",
        "24": "In the recipe, section cr.",
        "25": f"RadFusion {found.versions.get('RadFusion', '')}, PyRadiomics' definitions.",
        "27": f"{found.development.candidates:,} candidates; the risk depends on {len(found.bundle.features)}.",
        "28": "PyRadiomics' defaults.",
        "29": f"{_missing(found)} Section: Missing data.",
        "33": f"In this order, inside the training folds: {', '.join(found.bundle.steps)}.",
        "34": _algorithm(found),
        "37": f"By inner folds of the training cases: {found.bundle.finals}.",
        "38": "External or internal is for the author to say. " + _partition(found),
        "39": _measures(),
        "40": "Intervals at 95 %: DeLong, exact, Wald and bootstrap, named beside each number in report.json.",
        "43": "Each case's risk as a sum of addends by feature, and a heatmap (radfusion predict).",
        "47": _performance(found),
        "57": f"The bundle {found.bundle.name} is one file that can be shared.",
        "58": "The radfusion command and the 3D Slicer module apply the bundle.",
    }
    if any(one.baseline for one in found.sets.values()):
        answers["44"] = BASELINE
    if found.readings:
        answers["31"] = _readings(found)
        answers["46"] = f"{_readings(found)} Section: Readings."
    return answers


def for_metrics(found: Evaluation) -> dict[str, str]:
    """Answers to METRICS by item number."""
    answers = {
        "1": "CLEAR and TRIPOD+AI are filled as far as the software knows; the author completes them.",
        "4": f"{len(found.centers)} centre(s) named in the manifest of the evaluated cases.",
        "12": "PyRadiomics' definitions, checked against IBSI reference values.",
        "13": "In the recipe, which the bundle holds whole.",
        "15": f"Steps: {', '.join(found.bundle.steps)}.",
        "16": f"{found.development.events_worded}. Section: Sample size.",
        "18": _partition(found),
        "20": _measures(),
        "21": "95 % intervals throughout.",
        "22": "Slope, intercept, curve with bootstrap band, Brier, Hosmer-Lemeshow. Section: Calibration.",
        "30": f"The bundle {found.bundle.name} is one file that can be shared.",
    }
    if found.readings:
        answers["14"] = f"{_readings(found)} Whether the recipe removed features by ICC is in its steps."
    return answers


def _predictors(found: Evaluation) -> str:
    b = found.bundle
    clinical = ", ".join(b.clinical) or "none"
    return (
        f"The risk depends on {len(b.features)} features (listed in report.json) of {', '.join(b.phases)} in "
        f"{', '.join(b.regions)}; clinical variables of the recipe: {clinical}."
    )


def _sample_size(found: Evaluation) -> str:
    d = found.development
    wanted = "" if d.wanted is None else f" Riley's criteria ask for {d.wanted.cases:,} cases for that many candidates."
    return f"Training had {d.cases} cases, {d.events} with the outcome; {d.events_worded}.{wanted}"


def _missing(found: Evaluation) -> str:
    gaps = [row for row in found.missing if row.missing]
    said = ", ".join(f"{row.variable} {row.missing}/{row.cases}" for row in gaps) or "nothing is missing"
    return f"Nothing is imputed; {said}."


def _partition(found: Evaluation) -> str:
    said = [f"{sum(c.set == name for c in found.cases)} {name}" for name in (TEST, APPARENT)]
    return (
        "Known by fingerprints of the voxels kept in the bundle, by patient: " + ", ".join(said) + " cases. Everything "
        "that learns was fitted inside the training folds."
    )


def _algorithm(found: Evaluation) -> str:
    b = found.bundle
    network = f" Network: {b.network}." if b.network else ""
    return f"Mean of {b.members} members ({b.classifier or 'per model'}), calibrated by cross-fitting.{network}"


def _measures() -> str:
    return (
        "AUC; accuracy, sensitivity, specificity, PPV, NPV and F1 at the threshold frozen in training; Brier score, "
        "calibration slope, intercept and curve, Hosmer-Lemeshow; net benefit."
    )


def _output(found: Evaluation) -> str:
    return (
        f"A probability of {found.bundle.positive}, with low and high risk parted at {found.bundle.threshold:.3f}, "
        "frozen on cross-fitted training probabilities."
    )


def _differences(found: Evaluation) -> str:
    prevalence = 100 * found.bundle.events / found.bundle.cases
    here = 100 * found.main.positive / found.main.cases
    strange = sorted(set(found.scanners) - set(found.bundle.scanners)) if found.bundle.scanners else []
    scanners = f" Scanners not seen in training: {', '.join(strange)}." if strange else ""
    return f"Share with the outcome: {prevalence:.0f} % in training, {here:.0f} % here.{scanners}"


def _flow(found: Evaluation) -> str:
    sets = "; ".join(f"{name}: {one.cases} cases, {one.positive} with the outcome" for name, one in found.sets.items())
    total = len(found.cases) + len(found.failures)
    return f"{total} listed, {len(found.failures)} not predicted. {sets}."


def _performance(found: Evaluation) -> str:
    return "; ".join(f"{name} AUC {interval(one.auc)}" for name, one in found.sets.items()) + ". Subgroups below."


def _readings(found: Evaluation) -> str:
    return (
        "; ".join(
            f"reading {r.reading}: {r.reproducible} of {len(r.features)} features with ICC(2,1) of at least 0.75"
            for r in found.readings
        )
        + "."
    )
