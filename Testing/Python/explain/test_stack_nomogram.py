"""The nomogram of a stack against statsmodels and the ensemble's own risk."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from RadFusionLib.bundle import Bundle
from RadFusionLib.errors import InputError
from RadFusionLib.explain.stack_nomogram import stack_nomogram
from RadFusionLib.fusion.calibration import PlattCalibration
from RadFusionLib.fusion.ensemble import Ensemble
from RadFusionLib.fusion.feature_score import FeatureScore
from RadFusionLib.fusion.interval import HalfSampleInterval
from RadFusionLib.fusion.member import Member
from RadFusionLib.fusion.model_signatures import fused_signatures, model_signatures
from RadFusionLib.fusion.scores import LinearScore
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.resources import resource

NAMES = ("AP_tumor_original_test_A", "CT-AP_tumor_original_test_B", "clinical_age", "clinical_cirrhosis")
UNITS = {"age": "years", "cirrhosis": "0 no, 1 yes"}


@pytest.fixture(scope="module")
def table() -> FeatureTable:
    rng = np.random.default_rng(6)
    values = np.column_stack([*rng.normal(size=(2, 80)), rng.normal(60, 9, 80), rng.integers(0, 2, 80)])
    return FeatureTable(tuple(f"p{i}" for i in range(80)), NAMES, values)


def logistic(weight: list[float], intercept: float, link: str = "logistic") -> LinearScore:
    return LinearScore(np.array(weight, dtype=float), intercept, link)


def single(feature: str, weight: float) -> FeatureScore:
    return FeatureScore((feature,), (), logistic([weight], 0.1))


def stack(signatures: dict, clinical: tuple[str, ...], classifier: LinearScore) -> StackedScore:
    return StackedScore(signatures, clinical, classifier)


def ensemble_of(*finals, slope: float = 1.0, intercept: float = 0.0) -> Ensemble:
    members = tuple(Member({"final": final}, "final", {}) for final in finals)
    calibration = PlattCalibration(slope, intercept)
    return Ensemble(members, calibration, HalfSampleInterval((), calibration, np.zeros((2, 2))), 0.5)


def ranges(table: FeatureTable) -> dict[str, tuple[float, ...]]:
    return {name: tuple(np.quantile(table.columns([name]), [0, 0.5, 1])) for name in table.names}


def test_one_member_gives_the_risk_of_statsmodels(table):
    outcome = np.random.default_rng(7).integers(0, 2, 80)
    inner = single(NAMES[0], 1.3)
    X = np.column_stack([expit(0.1 + 1.3 * table.values[:, 0]), table.values[:, 2:]])
    fitted = sm.Logit(outcome, sm.add_constant(X)).fit(disp=0)
    final = stack({"signature": inner}, NAMES[2:], logistic(list(fitted.params[1:]), float(fitted.params[0])))
    nomogram = stack_nomogram(ensemble_of(final), ranges(table), UNITS, "recurrence")
    rows = [dict(zip(("signature", *NAMES[2:]), row, strict=True)) for row in X]
    risk = nomogram.risk(np.array([nomogram.total(row) for row in rows]))
    np.testing.assert_allclose(risk, fitted.predict(), atol=1e-12)
    by_name = {v.name: v for v in nomogram.variables}
    assert (by_name["signature"].low, by_name["signature"].high) == (0, 1)
    assert by_name["clinical_cirrhosis"].levels == ((0.0, "no"), (1.0, "yes"))
    assert by_name["clinical_age"].high == table.values[:, 2].max()


def test_members_that_share_a_signature_give_the_ensembles_own_risk(table):
    inner = single(NAMES[0], 1.3)
    finals = [
        stack({"signature": inner}, NAMES[2:3], logistic(list(weight), start))
        for *weight, start in ((2.0, 0.05, -3.0), (1.0, 0.01, -1.0), (4.0, -0.02, 0.5))
    ]
    ensemble = ensemble_of(*finals, slope=0.7, intercept=-0.2)
    nomogram = stack_nomogram(ensemble, ranges(table), UNITS, "recurrence")
    signature = inner.signature(table)
    totals = [
        nomogram.total({"signature": s, "clinical_age": age})
        for s, age in zip(signature, table.values[:, 2], strict=True)
    ]
    np.testing.assert_allclose(nomogram.risk(np.array(totals)), expit(ensemble.logit(table)), atol=1e-12)


@pytest.mark.parametrize(
    "weights",
    [(2.0, 1.0, 4.0), (2.0, -1.0, 4.0), (-2.0, 1.0, -3.0), (2.0, -2.0, 0.0), (2.0, -2.0, 1e-9), (0.0, 0.0, 0.0)],
)
def test_members_with_signatures_of_their_own_give_the_ensembles_own_risk(table, weights):
    finals = [
        stack(
            {"signature": single(NAMES[0], 0.3 + n), "other": single(NAMES[1], 1.0 - n)}, (), logistic([w, 1.0], -0.4)
        )
        for n, w in enumerate(weights)
    ]
    ensemble = ensemble_of(*finals, slope=0.7, intercept=-0.2)
    nomogram = stack_nomogram(ensemble, ranges(table), UNITS, "recurrence")
    fused = fused_signatures(ensemble.members, table)
    plain = model_signatures(ensemble.members, table)
    totals = np.array([nomogram.total({name: fused[name][n] for name in fused}) for n in range(len(table.cases))])
    risk = expit(ensemble.logit(table))
    np.testing.assert_allclose(nomogram.risk(totals), risk, atol=1e-12)
    for variable in nomogram.variables:
        assert (variable.low, variable.high) == (0, 1)
        assert 0 <= fused[variable.name].min() <= fused[variable.name].max() <= 1
    means = np.array([nomogram.total({name: plain[name][n] for name in plain}) for n in range(len(table.cases))])
    assert not any(weights) or np.abs(nomogram.risk(means) - risk).max() > 0.005


def test_a_fusion_that_is_not_linear_has_no_fused_signatures(table):
    inner = single(NAMES[0], 1.0)
    assert fused_signatures(ensemble_of(inner).members, table) == {}
    one, other = (stack({name: inner}, (), logistic([1.0], 0.0)) for name in ("one", "other"))
    assert fused_signatures(ensemble_of(one, other).members, table) == {}


def test_the_demonstration_bundles_nomogram_gives_its_risk(table):
    bundle = Bundle.load(resource("Bundles", "hcc-mvi-demonstration.radfusion"))
    rng = np.random.default_rng(8)
    names = bundle.ensemble.features
    quantiles = np.array([bundle.domain.quantiles[name] for name in names])
    values = rng.uniform(quantiles[:, 0], quantiles[:, -1], (40, len(names)))
    cases = FeatureTable(tuple(map(str, range(40))), names, values)
    nomogram = stack_nomogram(bundle.ensemble, bundle.domain.quantiles, {}, "microvascular invasion")
    fused = fused_signatures(bundle.ensemble.members, cases)
    totals = [nomogram.total({name: said[n] for name, said in fused.items()}) for n in range(40)]
    np.testing.assert_allclose(nomogram.risk(np.array(totals)), expit(bundle.ensemble.logit(cases)), atol=1e-9)
    for variable in nomogram.variables:
        assert variable.low <= fused[variable.name].min()
        assert fused[variable.name].max() <= variable.high


def test_why_there_is_no_nomogram_is_one_sentence(table):
    inner = single(NAMES[0], 1.0)
    one = stack({"signature": inner}, NAMES[2:3], logistic([1.0, 0.1], 0.0))
    other = stack({"signature": inner}, NAMES[3:4], logistic([1.0, 0.1], 0.0))
    for ensemble, reason in (
        (ensemble_of(one, other), "2 members chose 2 different sets of inputs"),
        (ensemble_of(inner), "no fusion of signatures"),
        (ensemble_of(stack({"s": inner}, (), logistic([1.0], 0.0, "identity"))), "not logistic"),
        (ensemble_of(one, slope=0.0), "No variable of this model changes the risk"),
    ):
        with pytest.raises(InputError, match=reason):
            stack_nomogram(ensemble, ranges(table), UNITS, "recurrence")
