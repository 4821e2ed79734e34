"""Public feature tables of real patients with known outcomes, read as tables of features."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from RadFusionLib.fusion import FeatureTable

__all__ = ["DATA", "RealTable", "Reported", "read_tables", "table_of_patients"]

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Where the tables are looked for: beside the checkout."""
LIVER_PHASES = {"ART": "AP", "PORT": "PP", "VEIN": "VP", "TARD": "DP"}
"""The liver table's words for its phases, and ours."""
SAME_TABLE = "yes: the same patients and features by another pipeline and other folds; its +/- is the SD over folds"


@dataclass(frozen=True)
class Reported:
    """A figure that somebody gives, and whether ours may be held against it."""

    source: str
    figure: str
    comparable: str


@dataclass(frozen=True, eq=False)
class RealTable:
    """A table of real patients.

    Parameters
    ----------
    name : str
        Of the study's row.
    outcome_name : str
        What is told from what.
    phases : tuple of str
        The images' phases, as far as a recipe has words for them.
    table : FeatureTable
        One row a patient, n of them, without gaps.
    outcome : numpy.ndarray of int, shape (n,)
        0 or 1.
    compared_features : int
        How many the comparator keeps, as in the figure that comes with the table.
    left_out : tuple of str
        Patients and features that are not used, and why.
    reported : tuple of Reported
        To be set beside ours.
    """

    name: str
    outcome_name: str
    phases: tuple[str, ...]
    table: FeatureTable
    outcome: np.ndarray
    compared_features: int
    left_out: tuple[str, ...]
    reported: tuple[Reported, ...]


def read_tables(data: Path) -> tuple[RealTable, ...]:
    """Read every table beneath ``data``."""
    figures = json.loads((data / "feature_tables" / "README.json").read_text(encoding="utf-8"))
    return (
        _liver(data / "feature_tables", figures["liver_multiphase_mri"]),
        _prostate(data / "feature_tables", figures["fae_prostate"]),
        _glioma(data / "feature_tables", figures["glioma_idh"]),
        *_sarcoma(data / "sts"),
    )


def _liver(folder: Path, figures: dict) -> RealTable:
    long = pd.read_csv(folder / "liver_multiphase_mri" / "liver_4phase_radiomics_long.csv")
    features = [name for name in long.columns if name.startswith("original_")]
    wide = long.pivot(index="lesion_id", columns="phase", values=features)
    complete = wide.dropna()
    complete.columns = pd.Index([f"{LIVER_PHASES[phase]}_tumor_{name}" for name, phase in complete.columns])
    kind = long.drop_duplicates("lesion_id").set_index("lesion_id")["class_en"]
    return _table(
        "liver",
        "hepatocellular carcinoma against cholangiocarcinoma and mixed tumours",
        tuple(LIVER_PHASES.values()),
        complete,
        (kind[complete.index] == "HCC").to_numpy(int),
        20,
        (f"{len(wide) - len(complete)} of {len(wide)} patients lack one of the four phases; none is imputed",),
        (
            Reported("README.json, baseline_here", figures["baseline_here"], SAME_TABLE),
            Reported(
                "student report on the table",
                figures["published"],
                "no: accuracy in three classes on a single split of 24",
            ),
        ),
    )


def _prostate(folder: Path, figures: dict) -> RealTable:
    frame = pd.read_csv(folder / "fae_prostate" / "numeric_feature.csv", index_col=0)
    values = frame.drop(columns="label")
    again = values.duplicated()
    values = values[~again]
    values.columns = pd.Index([name.replace("_", "_tumor_", 1) for name in values.columns])
    return _table(
        "prostate",
        "label 1 against 0, whose meaning the table does not state",
        ("ADC", "DWI", "T2"),
        values,
        frame.loc[values.index, "label"].to_numpy(int),
        10,
        (f"{int(again.sum())} row that repeats another, feature by feature (N26 and N27), so is the same patient",),
        (
            Reported("README.json, baseline_here", figures["baseline_here"], SAME_TABLE),
            Reported(
                "README.json, published", figures["published"],
                "no: the paper's own figures are of another table, and the hold-out figure's table is not proven to be "
                "this one",
            ),
        ),
    )  # fmt: skip


def _glioma(folder: Path, figures: dict) -> RealTable:
    frame = pd.read_csv(folder / "glioma_idh" / "T2F_features_with_IDH.csv.gz", index_col="PatientID")
    values = frame.drop(columns="IDH-binary")
    values.columns = pd.Index([name.replace("T2F__", "T2_tumor_") for name in values.columns])
    return _table(
        "glioma",
        "IDH mutant against wildtype",
        ("T2",),
        values,
        frame["IDH-binary"].to_numpy(int),
        20,
        (),
        (Reported("README.json, baseline_here", figures["baseline_here"], SAME_TABLE),),
        # Glioma-TCGA-<site>-<patient>
        tuple(str(name).split("-")[2] for name in values.index),
    )


def _sarcoma(folder: Path) -> tuple[RealTable, RealTable]:
    frame = pd.read_csv(folder / "sts_ibsi1_features_wide_with_outcome.csv", index_col="patient_id")
    published = json.loads((folder / "published_results.json").read_text(encoding="utf-8"))
    baselines = published["realistic_baseline_here"]
    everything = frame.drop(columns="lung_metastasis")
    known = everything.dropna(axis=1)
    filled = "roughly: the same patients; gaps were filled with medians there, and gapped features left out here"
    paper = Reported(
        published["paper"], f"AUC {published['AUC']}",
        "no: textures of PET fused with T1 and with a T2 sequence that this table lacks, and a bootstrap after a "
        "search of extraction settings on the same 51 patients; the figure is quoted from memory of the abstract",
    )  # fmt: skip
    other = Reported(
        "others on the same patients", published["other"], "no: image-level fusion, and SUV with clinical values"
    )

    def part(name: str, prefix: str, features: int, key: str) -> RealTable:
        gaps = everything.filter(regex=f"^{prefix}").shape[1]
        values = known.filter(regex=f"^{prefix}")
        words = values.rename(columns=lambda c: c.removeprefix("MR_").replace("__", "_tumor_", 1))
        left = f"{gaps - values.shape[1]} of {gaps} features, which one patient or more has no agreed value of"
        return _table(
            name, "lung metastasis", ("T1",), words, frame["lung_metastasis"].to_numpy(int), features, (left,),
            (Reported(f"published_results.json, {key}", baselines[key], filled), paper, other),
        )  # fmt: skip

    return (
        part("sarcoma", "", 10, "all (375, k=10)"),
        part("sarcoma, PET alone", "PET", 5, "PET (92 features, k=5)"),
    )


def _table(
    name: str,
    outcome_name: str,
    phases: tuple[str, ...],
    values: pd.DataFrame,
    outcome: np.ndarray,
    compared_features: int,
    left_out: tuple[str, ...],
    reported: tuple[Reported, ...],
    sites: tuple[str, ...] = (),
) -> RealTable:
    features = table_of_patients(name, values, sites)
    return RealTable(name, outcome_name, phases, features, outcome, compared_features, left_out, reported)


def table_of_patients(name: str, values: pd.DataFrame, sites: tuple[str, ...] = ()) -> FeatureTable:
    """One row a patient: folds are dealt by row, and a patient with two could be on both sides."""
    if values.index.duplicated().any() or values.duplicated().any():
        raise ValueError(f"The table {name} has a patient twice.")
    cases = tuple(str(case) for case in values.index)
    return FeatureTable(cases, tuple(map(str, values.columns)), values.to_numpy(float), sites)
