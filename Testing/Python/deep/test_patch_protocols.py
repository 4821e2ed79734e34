"""Paper 004's illusion, small: outcomes by lot, patches of a patient in training and test."""

import numpy as np
import pytest

from RadFusionLib.deep import PatchNetworkClassifier, TrainingSettings
from RadFusionLib.deep.patch_protocols import compare_protocols, textured_patients

PATIENTS, FOLDS, DRAWS = 24, 3, 6


@pytest.fixture(scope="module")
def patches():
    return textured_patients(PATIENTS, rows=4, columns=5, seed=77)


def classifier():
    training = TrainingSettings(optimiser="adam", learning_rate=1e-3, epochs=6, batch=32)
    return PatchNetworkClassifier("compact_2d", training=training, resize=64, settle=True)


def outcome(draw):
    return np.random.default_rng((78, draw)).permutation(np.arange(PATIENTS) % 2)


def test_neighbouring_patches_share_three_quarters_of_their_width(patches):
    first, second = patches[np.arange(2)]
    np.testing.assert_array_equal(first[:, 16:], second[:, :-16])
    assert len(patches) == PATIENTS * 20


def test_patch_folds_seem_to_find_what_is_not_there(patches):
    result = compare_protocols(patches, outcome(0), classifier, folds=FOLDS, protocols=("published",))["published"]
    assert min(result.patch_auc) > 0.9


def test_patient_folds_find_nothing(patches):
    """The mean over draws lies within three standard errors of 0.5, told by the draws themselves and by theory."""
    found = [
        compare_protocols(patches, outcome(draw), classifier, folds=FOLDS, seed=draw, protocols=("strict",))["strict"]
        for draw in range(DRAWS)
    ]
    # Variance of an AUC of 4 against 4 patients without a signal: (4 + 4 + 1) / (12 x 4 x 4), Mann and Whitney 1947.
    error = np.sqrt(9 / (12 * 16) / (FOLDS * DRAWS))
    assert abs(np.mean([result.patient_auc for result in found]) - 0.5) < 3 * error
    assert abs(np.mean([result.mean_patch_auc for result in found]) - 0.5) < 3 * error


def test_a_signal_that_is_there_is_found_by_patient_folds():
    """The check above could fail: bright patients are told from dark ones."""
    patches = textured_patients(PATIENTS, rows=2, columns=3, seed=79)
    brightness = [part[np.arange(len(part))].mean() for part in patches.parts]
    bright = (brightness > np.median(brightness)).astype(int)
    result = compare_protocols(patches, bright, classifier, folds=FOLDS, protocols=("strict",))["strict"]
    assert result.patient_auc > 0.8
