"""Take the scanner out of the features (ComBat)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from RadFusionLib.errors import InputError
from RadFusionLib.selection.combat import scanner_effects

__all__ = ["ScannerHarmonisation"]

FEWEST = 2
"""Training patients without whom a scanner's spread cannot be known."""


class ScannerHarmonisation(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """ComBat that learns each scanner's shift and spread on training patients and applies them to new ones.

    What it learnt is plain numbers: a standardised value ``z`` of scanner ``s`` and covariates ``c`` becomes
    ``scale_[s] * z + shift_[s] + c @ covariate_[s]``. A feature that does not vary within some scanner stays as
    it is.

    Parameters
    ----------
    unseen : {"refuse", "flag"}
        A patient of a scanner that had fewer than two training patients, or none: an error, or leave the
        patient as it is, with a warning that names the scanner.
    missing : {"refuse", "pass"}
        Without scanners: an error, or leave every patient as it is.
    shrinkage : {"parametric", "nonparametric", "none"}
        The prior of the empirical Bayes estimates.
    mean_only : bool
        Harmonise the mean, not the spread.
    reference : str or None
        A scanner to whose values the others are brought; by default their mean.

    Attributes
    ----------
    scanners_ : tuple of str
        Those that are harmonised, sorted.
    sparse_ : tuple of str
        Those of a single training patient, which are not.
    mean_, spread_ : numpy.ndarray, shape (n_features,)
        Of the training patients; they standardise.
    scale_, shift_ : numpy.ndarray, shape (n_scanners, n_features)
        The harmonisation, in standardised values.
    covariate_ : numpy.ndarray, shape (n_scanners, n_covariates, n_features)
        What a unit of each covariate adds.
    left_ : numpy.ndarray of bool, shape (n_features,)
        Features that stay as they are.
    """

    def __init__(
        self,
        unseen: str = "refuse",
        missing: str = "refuse",
        shrinkage: str = "parametric",
        mean_only: bool = False,
        reference: str | None = None,
    ) -> None:
        self.unseen = unseen
        self.missing = missing
        self.shrinkage = shrinkage
        self.mean_only = mean_only
        self.reference = reference

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray | None = None,
        *,
        batch: Sequence[object] | np.ndarray | None = None,
        covariates: np.ndarray | None = None,
    ) -> ScannerHarmonisation:
        """Learn the scanners.

        Parameters
        ----------
        X : numpy.ndarray, shape (n_patients, n_features)
            Training patients only.
        y : ignored
        batch : sequence, length n_patients
            The scanner of each patient.
        covariates : numpy.ndarray, shape (n_patients, n_covariates), optional
            Differences between patients to be kept, as numbers (a category as 0/1 columns). Not the outcome:
            new patients have none.

        Raises
        ------
        InputError
            Without scanners, or with too few patients of one, unless told to go on.
        """
        self._check_options()
        X = validate_data(self, X, dtype=np.float64)
        scanner, given = self._aligned(X, batch, covariates)
        self.n_covariates_ = given.shape[1]
        names, counts = np.unique(scanner, return_counts=True)
        self.sparse_ = tuple(str(n) for n in names[counts < FEWEST]) if batch is not None else ()
        self.scanners_ = tuple(str(n) for n in names[counts >= FEWEST]) if batch is not None else ()
        if self.sparse_ and self.unseen == "refuse":
            raise InputError(
                f"Scanner {self.sparse_[0]!r} has a single training patient, too few to harmonise; merge it with a "
                "like scanner, leave the patient out, or set unseen: flag to keep such patients as they are."
            )
        if self.reference is not None and batch is not None and self.reference not in self.scanners_:
            raise InputError(f"The reference scanner {self.reference!r} is not among the training patients' scanners.")
        used = np.isin(scanner, self.scanners_)
        self.mean_, self.spread_ = X.mean(axis=0), X.std(axis=0)
        groups = [X[scanner == name] for name in self.scanners_]
        self.left_ = ~(self.spread_ > 0) | np.any(
            [np.ptp(g, axis=0) == 0 for g in groups] or [self.spread_ < 0], axis=0
        )
        self.spread_ = np.where(self.spread_ > 0, self.spread_, 1.0)
        shape = (len(self.scanners_), X.shape[1])
        self.scale_, self.shift_ = np.ones(shape), np.zeros(shape)
        self.covariate_ = np.zeros((shape[0], self.n_covariates_, shape[1]))
        if len(self.scanners_) > 1 and not self.left_.all():
            standard = ((X - self.mean_) / self.spread_)[used][:, ~self.left_]
            self._learn(standard, scanner[used], given[used])
        return self

    def transform(
        self,
        X: np.ndarray,
        *,
        batch: Sequence[object] | np.ndarray | None = None,
        covariates: np.ndarray | None = None,
    ) -> np.ndarray:
        """Harmonised features, shape (n_patients, n_features), by what the training patients taught.

        Raises
        ------
        InputError
            For a scanner that was not learnt, unless ``unseen`` is "flag".
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        scanner, given = self._aligned(X, batch, covariates)
        if given.shape[1] != self.n_covariates_:
            raise InputError(f"{self.n_covariates_} covariates were fitted, {given.shape[1]} are given.")
        if batch is None:
            return X.copy()
        unknown = sorted(set(scanner[self.unharmonised(scanner)]))
        if unknown:
            named = ", ".join(repr(str(name)) for name in unknown)
            if self.unseen == "refuse":
                raise InputError(
                    f"Scanner {named} is not among those harmonised in training; train with patients of it, or set "
                    "unseen: flag to keep its patients as they are."
                )
            warnings.warn(f"Patients of scanner {named} are not harmonised: training had too few.", stacklevel=2)
        harmonised = X.copy()
        change = ~self.left_
        for number, name in enumerate(self.scanners_):
            rows = scanner == name
            standard = (X[rows] - self.mean_) / self.spread_
            moved = self.scale_[number] * standard + self.shift_[number] + given[rows] @ self.covariate_[number]
            harmonised[np.ix_(rows, change)] = (moved * self.spread_ + self.mean_)[:, change]
        return harmonised

    def fit_transform(
        self,
        X: np.ndarray,
        y: np.ndarray | None = None,
        *,
        batch: Sequence[object] | np.ndarray | None = None,
        covariates: np.ndarray | None = None,
    ) -> np.ndarray:
        """Fit, then transform the same patients."""
        return self.fit(X, y, batch=batch, covariates=covariates).transform(X, batch=batch, covariates=covariates)

    def unharmonised(self, batch: Sequence[object] | np.ndarray) -> np.ndarray:
        """Which patients stay as they are since training did not teach their scanner, ``bool``, shape (n_patients,)."""
        check_is_fitted(self)
        return ~np.isin(np.asarray([str(name) for name in batch]), self.scanners_)

    def _learn(self, standard: np.ndarray, scanner: np.ndarray, given: np.ndarray) -> None:
        design = np.column_stack([scanner[:, None] == np.asarray(self.scanners_), given])
        if np.linalg.matrix_rank(design) < design.shape[1]:
            raise InputError(
                "The covariates follow from the scanners (or from each other), so that ComBat cannot tell them apart; "
                "give fewer covariates."
            )
        number = np.searchsorted(self.scanners_, scanner)
        reference = None if self.reference is None else self.scanners_.index(self.reference)
        found = scanner_effects(standard, number, given, self.shrinkage, self.mean_only, reference)
        change = ~self.left_
        self.scale_[:, change] = found.scale
        self.shift_[:, change] = found.shift
        self.covariate_[:, :, change] = found.covariate

    def _aligned(
        self, X: np.ndarray, batch: Sequence[object] | np.ndarray | None, covariates: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        given = np.empty((len(X), 0)) if covariates is None else np.asarray(covariates, dtype=np.float64)
        given = given.reshape(len(given), -1)
        if len(given) != len(X) or not np.isfinite(given).all():
            raise InputError(f"The covariates need one known value for each of the {len(X)} patients.")
        if batch is None:
            if self.missing == "refuse":
                raise InputError(
                    "Harmonisation has no scanners; add the scanner column to the manifest, or set missing: pass to "
                    "leave the features as they are."
                )
            return np.full(len(X), ""), given
        scanner = np.asarray([str(name) for name in batch])
        if len(scanner) != len(X):
            raise InputError(f"There are {len(scanner)} scanners for {len(X)} patients; give one for each.")
        return scanner, given

    def _check_options(self) -> None:
        if self.unseen not in ("refuse", "flag") or self.missing not in ("refuse", "pass"):
            raise InputError(
                f"unseen is {self.unseen!r} and missing {self.missing!r}; they must be 'refuse' or 'flag', and "
                "'refuse' or 'pass'."
            )
        if self.shrinkage not in ("parametric", "nonparametric", "none"):
            raise InputError(f"shrinkage is {self.shrinkage!r}; it must be 'parametric', 'nonparametric' or 'none'.")
