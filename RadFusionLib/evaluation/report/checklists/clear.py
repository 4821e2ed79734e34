"""CLEAR: reporting of radiomics research. The items in our own short words; the published text rules."""

from __future__ import annotations

from RadFusionLib.evaluation.report.checklists.checklist import Checklist, Item

__all__ = ["CLEAR"]

CLEAR = Checklist(
    "clear",
    "CLEAR",
    "Kocak B, Baessler B, Bakas S, et al. Insights into Imaging 2023;14:75, doi:10.1186/s13244-023-01415-8",
    tuple(
        Item(str(number), section, asks)
        for number, (section, asks) in enumerate(
            (
                ("Title", "names the radiomic method"),
                ("Abstract", "structured, with what matters"),
                ("Keywords", "for radiomics"),
                ("Introduction", "scientific or clinical background"),
                ("Introduction", "why radiomics"),
                ("Introduction", "objectives"),
                ("Study design", "guidelines followed"),
                ("Study design", "ethics: approval, consent, data protection"),
                ("Study design", "sample size"),
                ("Study design", "prospective or retrospective"),
                ("Study design", "eligibility criteria"),
                ("Study design", "flowchart of the technical pipeline"),
                ("Data", "source, private or public"),
                ("Data", "overlap with earlier publications"),
                ("Data", "how the data were split"),
                ("Data", "imaging protocol"),
                ("Data", "predictors other than radiomics"),
                ("Data", "reference standard"),
                ("Segmentation", "strategy"),
                ("Segmentation", "who segmented"),
                ("Pre-processing", "of the images"),
                ("Pre-processing", "resampling"),
                ("Pre-processing", "discretisation"),
                ("Pre-processing", "image types, original and filtered"),
                ("Feature extraction", "method and software"),
                ("Feature extraction", "feature classes"),
                ("Feature extraction", "number of features"),
                ("Feature extraction", "defaults of what is not stated"),
                ("Data preparation", "missing data"),
                ("Data preparation", "class imbalance"),
                ("Data preparation", "reliability of the segmentation"),
                ("Data preparation", "scaling of features"),
                ("Data preparation", "dimension reduction"),
                ("Modeling", "algorithm"),
                ("Modeling", "training and tuning"),
                ("Modeling", "confounders"),
                ("Modeling", "how the model was chosen"),
                ("Evaluation", "internal or external testing"),
                ("Evaluation", "performance metrics and why"),
                ("Evaluation", "uncertainty"),
                ("Evaluation", "statistical comparison of performance"),
                ("Evaluation", "comparison with non-radiomic and combined methods"),
                ("Evaluation", "interpretability"),
                ("Results", "baseline characteristics"),
                ("Results", "flowchart of eligibility"),
                ("Results", "feature statistics"),
                ("Results", "performance"),
                ("Results", "comparison with non-radiomic and combined methods"),
                ("Discussion", "important findings"),
                ("Discussion", "earlier work"),
                ("Discussion", "practical implications"),
                ("Discussion", "strengths and limitations"),
                ("Open science", "images and segmentations shared (not essential)"),
                ("Open science", "feature data shared"),
                ("Open science", "pre-processing scripts or settings shared"),
                ("Open science", "modeling code shared"),
                ("Open science", "model files shared"),
                ("Open science", "ready-to-use system shared (not essential)"),
            ),
            start=1,
        )
    ),
)
