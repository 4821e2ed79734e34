"""A published mistake, kept so that it can be recognised: odds ratios from a regression without an intercept.

One of the reproduced papers prints such ratios with 90 % intervals called 95 %. Without an intercept the "ratio" of a
yes/no variable is the odds among those who have it, and of a positive measurement an echo of the prevalence; neither
compares anybody with anybody. :func:`~RadFusionLib.evaluation.logistic.fit_logistic` always has an intercept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, norm

from RadFusionLib.evaluation.checks import check_level, check_outcome, check_scores
from RadFusionLib.evaluation.logistic import OddsRatio

__all__ = ["odds_without_intercept"]


def odds_without_intercept(outcome: ArrayLike, values: ArrayLike, name: str, level: float = 0.90) -> OddsRatio:
    """What the paper prints for a variable; for reproduction only, never for a result.

    Parameters
    ----------
    outcome, values : array-like, shape (n,)
        0 or 1, and the variable.
    name : str
        Of the variable.
    level : float
        Of the Wald interval; the paper's is 0.90.
    """
    import statsmodels.api as sm

    check_level(level)
    positive = check_outcome(outcome)
    column = check_scores(positive, values, name)
    fitted = sm.GLM(positive.astype(float), column[:, None], family=sm.families.Binomial()).fit(tol=1e-12)
    best, error = float(fitted.params[0]), float(fitted.bse[0])
    half = float(norm.isf((1 - level) / 2)) * error
    statistic = (best / error) ** 2
    ratio, low, high = (float(np.exp(value)) for value in (best, best - half, best + half))
    return OddsRatio(name, ratio, low, high, best, error, statistic, float(chi2.sf(statistic, 1)))
