"""Cohorts: the manifest that lists them, the cases it names, and the tables of their features."""

from RadFusionLib.cohort.feature_file import FeatureFile, feature_writer, read_features, write_features
from RadFusionLib.cohort.loading import fingerprint, load_case
from RadFusionLib.cohort.manifest import CaseRow, Manifest, read_manifest
from RadFusionLib.cohort.manifest_changes import changed_cases

__all__ = [
    "CaseRow",
    "FeatureFile",
    "Manifest",
    "changed_cases",
    "feature_writer",
    "fingerprint",
    "load_case",
    "read_features",
    "read_manifest",
    "write_features",
]
