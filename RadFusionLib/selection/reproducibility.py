"""Keep the features that come out the same when a lesion is drawn again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.utils.validation import validate_data

from RadFusionLib.errors import InputError
from RadFusionLib.selection.selector import Selector

__all__ = ["ReproducibilityFilter", "absolute_agreement"]


class ReproducibilityFilter(Selector):
    """Keep features whose intraclass correlation exceeds a threshold in every comparison.

    A comparison is a set of readings of the same patients: one reader twice (intra), or two readers (inter).
    The coefficient is :func:`absolute_agreement` in both; only the name of the model differs between them.

    Parameters
    ----------
    threshold : float
        A feature is kept when its coefficient is above this in each comparison.
    missing : {"refuse", "pass"}
        Without readings: an error, or keep every feature.

    Attributes
    ----------
    icc_ : numpy.ndarray, shape (n_comparisons, n_features)
        The coefficients; NaN (and dropped) for a feature that a reading lacks or that never varies.
    support_ : numpy.ndarray of bool, shape (n_features,)
        Which features are kept.
    """

    def __init__(self, threshold: float = 0.75, missing: str = "refuse") -> None:
        self.threshold = threshold
        self.missing = missing

    def fit(
        self, X: np.ndarray, y: np.ndarray | None = None, *, readings: Sequence[np.ndarray] | None = None
    ) -> ReproducibilityFilter:
        """Learn which features are reproducible.

        Parameters
        ----------
        X : numpy.ndarray, shape (n_patients, n_features)
            The training patients; only the number of features is taken from them.
        y : ignored
        readings : sequence of numpy.ndarray, each of shape (n_readings, n_reread, n_features)
            One array a comparison, of training patients only; features in the order of ``X``.

        Raises
        ------
        InputError
            When there are no readings and ``missing`` is "refuse", or they do not fit the features.
        """
        X = validate_data(self, X, dtype=np.float64)
        if self.missing not in ("refuse", "pass"):
            raise InputError(f"missing is {self.missing!r}; it must be 'refuse' or 'pass'.")
        if not readings:
            if self.missing == "refuse":
                raise InputError(
                    "The reproducibility filter has no repeated readings; give masks by a second reader or a second "
                    "reading, or set missing: pass to keep every feature."
                )
            self.icc_ = np.empty((0, X.shape[1]))
        else:
            self.icc_ = np.stack([absolute_agreement(_fitting(r, X.shape[1])) for r in readings])
        with np.errstate(invalid="ignore"):
            self.support_ = np.asarray((self.icc_ > self.threshold).all(axis=0))
        return self


def absolute_agreement(readings: np.ndarray) -> np.ndarray:
    """Intraclass correlation for absolute agreement of single readings, ICC(A,1) = ICC(2,1), feature by feature.

    ``(MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / m)`` with the mean squares of the two-way layout of m
    patients and k readings (McGraw and Wong, Psychol Methods 1:30, 1996; Shrout and Fleiss, Psychol Bull
    86:420, 1979).

    Parameters
    ----------
    readings : numpy.ndarray, shape (k, m, n_features)
        k readings of the same m patients, both at least 2.

    Returns
    -------
    numpy.ndarray, shape (n_features,)
        At most 1; NaN where a value is not finite or nothing varies.
    """
    k, m, _ = readings.shape
    # An offset common to all changes no mean square, but large ones would cost digits.
    centred = readings - readings.mean(axis=(0, 1))
    of_patient, of_reading = centred.mean(axis=0), centred.mean(axis=1)
    patients = k * (of_patient**2).sum(axis=0) / (m - 1)
    columns = m * (of_reading**2).sum(axis=0) / (k - 1)
    residual = centred - of_patient - of_reading[:, None, :]
    error = (residual**2).sum(axis=(0, 1)) / ((m - 1) * (k - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (patients - error) / (patients + (k - 1) * error + k * (columns - error) / m)


def _fitting(readings: np.ndarray, features: int) -> np.ndarray:
    array = np.asarray(readings, dtype=np.float64)
    if array.ndim != 3 or array.shape[0] < 2 or array.shape[1] < 2 or array.shape[2] != features:
        raise InputError(
            f"Repeated readings have the shape {array.shape}; needed are at least 2 readings of at least 2 patients "
            f"with the {features} features of the training table."
        )
    return array
