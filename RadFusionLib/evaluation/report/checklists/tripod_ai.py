"""TRIPOD+AI: reporting of prediction models. The items in our own short words; the published text rules."""

from __future__ import annotations

from RadFusionLib.evaluation.report.checklists.checklist import Checklist, Item

__all__ = ["TRIPOD_AI"]

TRIPOD_AI = Checklist(
    "tripod-ai",
    "TRIPOD+AI",
    "Collins GS, Moons KGM, Dhiman P, et al. BMJ 2024;385:e078378, doi:10.1136/bmj-2023-078378",
    tuple(
        Item(*entry)
        for entry in (
            ("1", "Title", "development or evaluation of a prediction model, whom and what it predicts"),
            ("2", "Abstract", "the abstract's own checklist"),
            ("3a", "Introduction", "clinical context, reason, existing models"),
            ("3b", "Introduction", "target population, purpose in the care pathway, users"),
            ("3c", "Introduction", "known health inequalities between groups"),
            ("4", "Introduction", "objectives; development, validation or both"),
            ("5a", "Methods: data", "sources of development and evaluation data, why, how representative"),
            ("5b", "Methods: data", "dates of accrual and end of follow-up"),
            ("6a", "Methods: participants", "setting, number and place of centres"),
            ("6b", "Methods: participants", "eligibility criteria"),
            ("6c", "Methods: participants", "treatments received and how they were handled"),
            ("7", "Methods: data preparation", "preprocessing and quality checks, alike across groups or not"),
            ("8a", "Methods: outcome", "what is predicted, its horizon, how and when it was assessed"),
            ("8b", "Methods: outcome", "who assessed it, where judgement was needed"),
            ("8c", "Methods: outcome", "blinding of that assessment"),
            ("9a", "Methods: predictors", "how the initial predictors were chosen"),
            ("9b", "Methods: predictors", "definition of all predictors, how and when measured, blinding"),
            ("9c", "Methods: predictors", "who measured them, where judgement was needed"),
            ("10", "Methods: sample size", "how the study size came about and whether it suffices"),
            ("11", "Methods: missing data", "how missing data were handled"),
            ("12a", "Methods: analysis", "how the data were used and partitioned"),
            ("12b", "Methods: analysis", "how predictors entered: form, scaling, transformation"),
            ("12c", "Methods: analysis", "type of model, building steps, tuning, internal validation"),
            ("12d", "Methods: analysis", "heterogeneity across clusters such as hospitals"),
            ("12e", "Methods: analysis", "measures and plots of performance, comparison of models"),
            ("12f", "Methods: analysis", "model updating that followed from the evaluation"),
            ("12g", "Methods: analysis", "how predictions were calculated in the evaluation"),
            ("13", "Methods: class imbalance", "methods used for it, and recalibration afterwards"),
            ("14", "Methods: fairness", "approaches to fairness and why"),
            ("15", "Methods: model output", "probability or class; how thresholds were found"),
            ("16", "Methods: training versus evaluation", "differences between the two data sets"),
            ("17", "Methods: ethics", "approval and consent"),
            ("18a", "Open science", "funding and the funders' role"),
            ("18b", "Open science", "conflicts of interest"),
            ("18c", "Open science", "protocol"),
            ("18d", "Open science", "registration"),
            ("18e", "Open science", "availability of the data"),
            ("18f", "Open science", "availability of the analysis code"),
            ("19", "Patient and public involvement", "involvement at any stage, or none"),
            ("20a", "Results: participants", "flow of participants, with and without the outcome, follow-up"),
            ("20b", "Results: participants", "characteristics overall and by setting, missing data"),
            ("20c", "Results: participants", "comparison with the development data"),
            ("21", "Results: development", "participants and events in each analysis"),
            ("22", "Results: specification", "the full model, so that others can use it"),
            ("23a", "Results: performance", "estimates with intervals, also for subgroups"),
            ("23b", "Results: performance", "heterogeneity across clusters"),
            ("24", "Results: updating", "results of updating"),
            ("25", "Discussion", "interpretation, with fairness, against earlier studies"),
            ("26", "Discussion", "limitations and their effect"),
            ("27a", "Discussion", "poor or missing input when the model is used"),
            ("27b", "Discussion", "what users must do and know"),
            ("27c", "Discussion", "next steps, applicability"),
        )
    ),
)
