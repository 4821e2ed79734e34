"""METRICS: methodological quality of radiomics studies. The items in our own short words; the published text rules."""

from __future__ import annotations

from RadFusionLib.evaluation.report.checklists.checklist import Checklist, Item

__all__ = ["METRICS"]

METRICS = Checklist(
    "metrics",
    "METRICS",
    "Kocak B, Akinci D'Antonoli T, Mercaldo N, et al. Insights into Imaging 2024;15:8, doi:10.1186/s13244-023-01572-w",
    tuple(
        Item(str(number), section, asks)
        for number, (section, asks) in enumerate(
            (
                ("Study design", "a radiomics or machine-learning guideline was followed"),
                ("Study design", "eligibility criteria of a representative population"),
                ("Study design", "reference standard of high quality"),
                ("Imaging data", "more than one centre"),
                ("Imaging data", "images such as clinics take"),
                ("Imaging data", "protocol with its parameters"),
                ("Imaging data", "time between image and reference standard"),
                ("Segmentation", "method described"),
                ("Segmentation", "fully automated segmentation formally evaluated"),
                ("Segmentation", "test masks by one reader or an automated tool"),
                ("Image processing", "preprocessing appropriate and described"),
                ("Image processing", "standardised extraction software"),
                ("Image processing", "extraction parameters stated"),
                ("Feature processing", "features that are not robust removed"),
                ("Feature processing", "redundant features removed"),
                ("Feature processing", "dimensions fit the amount of data"),
                ("Feature processing", "robustness of end-to-end deep learning assessed"),
                ("Preparation for modeling", "data partitioned properly"),
                ("Preparation for modeling", "confounders handled"),
                ("Metrics and comparison", "performance metrics fit the task"),
                ("Metrics and comparison", "uncertainty considered"),
                ("Metrics and comparison", "calibration assessed"),
                ("Metrics and comparison", "one kind of image used, or shown to be inferior"),
                ("Metrics and comparison", "comparison with a non-radiomic approach, or added clinical value shown"),
                ("Metrics and comparison", "comparison with simple or classical models"),
                ("Testing", "internal testing"),
                ("Testing", "external testing"),
                ("Open science", "data available"),
                ("Open science", "code available"),
                ("Open science", "model available"),
            ),
            start=1,
        )
    ),
)
