import copy
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from RadFusionLib.deep import (
    JoinedPatches,
    PatchNetworkClassifier,
    PatchSettings,
    RegionNetworkClassifier,
    SliceNetworkClassifier,
    TrainingSettings,
    extract,
    extract_patches,
    random_weights,
)
from RadFusionLib.deep.augmentation import Augmentation
from RadFusionLib.errors import BundleError, Cancelled, InputError
from RadFusionLib.progress import Stage

sys.path.insert(0, str(Path(__file__).parent))
from textures import two_textures

SHORT = TrainingSettings(optimiser="adam", learning_rate=2e-3, epochs=6, batch=8, schedule="cosine", seed=1)


def slice_classifier(**options):
    return SliceNetworkClassifier(
        **{
            "network": "compact_2d",
            "weights": "random",
            "training": SHORT,
            "crop": 64,
            "normalisation": "none",
            "settle": True,
        }
        | options
    )


@pytest.fixture(scope="module")
def slices():
    return two_textures(32, 72)


@pytest.fixture(scope="module")
def fitted(slices):
    return slice_classifier().fit(*slices)


def test_a_slice_network_learns_and_tells_loss_and_auc(slices):
    told = []
    classifier = slice_classifier()
    classifier.fit(*slices, progress=Stage(lambda fraction, message: told.append(message)))
    assert told[0].startswith("epoch 1/6: loss 0.")
    assert ", AUC " in told[-1]
    assert len(classifier.history_) == 6
    assert classifier.history_[-1]["loss"] < 0.5 * classifier.history_[0]["loss"]
    fresh, labels = two_textures(20, 72, seed=9)
    probability = classifier.predict_proba(fresh)
    assert probability.shape == (20, 2)
    assert_allclose(probability.sum(axis=1), 1.0, atol=1e-6)
    assert ((probability[:, 1] > 0.5) == labels).mean() >= 0.9
    assert classifier.score(fresh, labels) >= 0.9


def test_the_same_seed_gives_the_same_bits_and_another_does_not(slices, fitted):
    again = clone(slice_classifier()).fit(*slices)
    for name, values in fitted.tensors_.items():
        assert_array_equal(again.tensors_[name], values)
    other = slice_classifier(training=TrainingSettings(epochs=1, batch=8, seed=2)).fit(*slices)
    assert not np.array_equal(other.tensors_["conv1.weight"], fitted.tensors_["conv1.weight"])


def test_torch_s_own_generator_is_left_alone(slices):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    slice_classifier(training=TrainingSettings(epochs=1)).fit(*slices)
    assert torch.equal(torch.rand(1), expected)


def test_a_probability_does_not_depend_on_its_company(slices, fitted):
    whole = fitted.predict_proba(slices[0])
    assert_array_equal(fitted.predict_proba(slices[0][3:4])[0], whole[3])
    assert_array_equal(fitted.predict_proba(slices[0][::-1])[::-1], whole)
    middle = slices[0][:, 4:68, 4:68]
    assert_array_equal(fitted.predict_proba(middle), whole)


def test_probabilities_and_features_are_the_network_s_own(slices, fitted):
    middle = torch.from_numpy(slices[0][:, None, 4:68, 4:68].copy())
    network = fitted.module()
    with torch.inference_mode():
        expected = torch.softmax(network(middle), dim=1).numpy()
        classes = network.fc(torch.from_numpy(fitted.features(slices[0])))
    assert_allclose(fitted.predict_proba(slices[0]), expected, atol=1e-5)
    assert_allclose(torch.softmax(classes, dim=1).numpy(), expected, atol=1e-5)


def test_a_frozen_network_keeps_its_features(slices):
    start = random_weights("compact_2d", 7)
    classifier = slice_classifier(weights=start, fine_tune="classifier").fit(*slices)
    for name, values in start.tensors.items():
        if not name.endswith("num_batches_tracked"):
            assert_array_equal(classifier.tensors_[name], values)
    assert_allclose(classifier.features(slices[0]), extract(start, slices[0][:, 4:68, 4:68]), atol=1e-6)
    assert classifier.history_[-1]["loss"] < classifier.history_[0]["loss"]
    assert classifier.weights_source_ == "random (seed 7)"


def test_settled_statistics_are_the_mean_over_the_training_images(slices):
    """The first layer's, whose input is the images themselves, by hand."""
    one_batch = TrainingSettings(optimiser="adam", learning_rate=2e-3, epochs=3, batch=32, seed=1)
    settled = slice_classifier(training=one_batch).fit(*slices)
    running = slice_classifier(training=one_batch, settle=False).fit(*slices)
    assert_array_equal(settled.tensors_["conv1.weight"], running.tensors_["conv1.weight"])
    middle = torch.from_numpy(slices[0][:, None, 4:68, 4:68].copy())
    weight = torch.from_numpy(settled.tensors_["conv1.weight"])
    maps = torch.nn.functional.conv2d(middle, weight, stride=2, padding=2).numpy()
    assert_allclose(settled.tensors_["bn1.running_mean"], maps.mean(axis=(0, 2, 3)), rtol=1e-3, atol=1e-5)
    assert_allclose(settled.tensors_["bn1.running_var"], maps.var(axis=(0, 2, 3)), rtol=1e-3)
    assert not np.allclose(running.tensors_["bn1.running_var"], maps.var(axis=(0, 2, 3)), rtol=1e-1)


def test_classes_keep_their_labels(slices):
    classifier = slice_classifier(training=TrainingSettings(epochs=1)).fit(slices[0], np.array(["a", "b"])[slices[1]])
    assert list(classifier.classes_) == ["a", "b"]
    assert set(classifier.predict(slices[0])) <= {"a", "b"}


def test_augmentation_only_moves_pixels():
    rng = np.random.default_rng(0)
    images = rng.random((40, 8, 8)).astype(np.float32)
    augmented = Augmentation(flips=True, crop=6).training(images, np.random.default_rng(1))
    assert augmented.shape == (40, 6, 6)
    places = set()
    for image, seen in zip(images, augmented, strict=True):
        ways = {
            (down, right, row, column): np.flip(image, [a for a, on in enumerate((down, right)) if on])[
                row : row + 6, column : column + 6
            ]
            for down in (0, 1)
            for right in (0, 1)
            for row in range(3)
            for column in range(3)
        }
        matching = [way for way, expected in ways.items() if np.array_equal(expected, seen)]
        assert len(matching) == 1
        places.add(matching[0])
    assert len(places) > 20
    again = Augmentation(flips=True, crop=6).training(images, np.random.default_rng(1))
    assert_array_equal(again, augmented)
    cubes = rng.random((4, 6, 6, 6)).astype(np.float32)
    turned = Augmentation(flips=True, quarter_turns=True).training(cubes, rng)
    assert_allclose(np.sort(turned.reshape(4, -1)), np.sort(cubes.reshape(4, -1)))
    # Slices stay slices: a quarter turn is within them.
    assert_allclose(np.sort(turned.sum(axis=(2, 3))), np.sort(cubes.sum(axis=(2, 3))), rtol=1e-5)


def test_a_region_network_takes_cubes():
    cubes, labels = two_textures(8, 32, dimensions=3)
    training = TrainingSettings(epochs=1, batch=4)
    classifier = RegionNetworkClassifier("compact", None, training, fine_tune="all").fit(cubes, labels)
    assert classifier.predict_proba(cubes).shape == (8, 2)
    assert classifier.weights_source_ == "shipped compact"
    assert classifier.features(cubes).shape == (8, 128)


def test_a_patch_network_scores_patients_by_the_mean_of_their_patches(slices):
    images, labels = slices
    groups = np.array([f"p{n // 8 * 2 + label}" for n, label in enumerate(labels)])
    classifier = PatchNetworkClassifier("compact_2d", training=SHORT, resize=64).fit(images, labels, groups)
    patients, scores = classifier.patient_scores(images, groups)
    assert list(patients) == list(dict.fromkeys(groups))
    probability = classifier.predict_proba(images)[:, 1]
    for patient, score in zip(patients, scores, strict=True):
        assert score == pytest.approx(probability[groups == patient].mean())
    with pytest.raises(InputError, match="case p0 have different outcomes"):
        classifier.fit(images, labels ^ (np.arange(32) == 2), groups)
    with pytest.raises(InputError, match="the case of each"):
        classifier.patient_scores(images, groups[:-1])


def test_patches_are_read_as_they_are_asked_for():
    from RadFusionLib.case import Geometry, Volume

    geometry = Geometry((96, 96, 1), (0.5, 0.5, 3.0))
    settings = PatchSettings(size=32, stride=16, level=0.5, width=1.0)
    textures, labels = two_textures(4, 96)
    mask = Volume(np.ones(geometry.shape, bool), geometry)
    parts = [extract_patches(Volume(texture[None], geometry), mask, settings) for texture in textures]
    joined = JoinedPatches(parts)
    owners = joined.owners(["a", "b", "c", "d"])
    y = np.repeat(labels, [len(part) for part in parts])
    training = TrainingSettings(epochs=2, batch=16)
    lazily = PatchNetworkClassifier("compact_2d", training=training, resize=64).fit(joined, y, owners)
    whole = joined[np.arange(len(joined))]
    at_once = PatchNetworkClassifier("compact_2d", training=training, resize=64).fit(whole, y, owners)
    assert_array_equal(lazily.predict_proba(joined), at_once.predict_proba(whole))
    heat = parts[0].heatmap(lazily.predict_proba(parts[0])[:, 1], geometry)
    assert np.isfinite(heat.array).all()


def test_parts_make_the_same_classifier(fitted, slices):
    structure, arrays = fitted.to_parts()
    again = SliceNetworkClassifier.from_parts(json.loads(json.dumps(structure, allow_nan=False)), arrays)
    assert_array_equal(again.predict_proba(slices[0]), fitted.predict_proba(slices[0]))
    assert again.to_parts()[0] == structure
    assert again.training == SHORT
    assert sum(values.nbytes for values in arrays.values()) < 1_500_000
    with pytest.raises(BundleError, match="'slice network' where a 'patch network'"):
        PatchNetworkClassifier.from_parts(structure, arrays)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("network", "vgg"),
        ("network", ["compact_2d"]),
        ("network", "resnet50"),
        ("fine_tune", None),
        ("flips", 1),
        ("crop", 10**9),
        ("crop", "64"),
        ("crop", True),
        ("resize", 0),
        ("normalisation", "imagenet"),
        ("normalisation", {}),
        ("training", {"epochs": 3}),
        ("training", "adam"),
        ("training.epochs", "5"),
        ("training.learning_rate", float("inf")),
        ("training.optimiser", []),
        ("training.learning_rate", None),
        ("classes", [1, 0]),
        ("classes", [0, 1, 2]),
        ("classes", [0, "1"]),
        ("classes", [False, True]),
        ("classes", [0, 10**30]),
        ("weights_source", 3),
        ("history", {"loss": 1}),
        ("history", [{"loss": "x"}]),
        ("history", [{"loss": float("nan")}]),
        ("sha256", "0" * 64),
        ("kind", {}),
        ("unknown", 1),
    ],
)
def test_a_hostile_structure_is_refused(fitted, name, value):
    structure, arrays = copy.deepcopy(fitted.to_parts())
    inner = structure
    *path, last = name.split(".")
    for part in path:
        inner = inner[part]
    inner[last] = value
    with pytest.raises(BundleError):
        SliceNetworkClassifier.from_parts(structure, arrays)


@pytest.mark.parametrize("part", ["missing", "extra", "shape", "type", "objects", "nan", "variance", "bit", "list"])
def test_hostile_arrays_are_refused(fitted, part):
    structure, arrays = copy.deepcopy(fitted.to_parts())
    if part == "missing":
        del arrays["bn1.bias"]
    elif part == "extra":
        arrays["fc2.weight"] = np.zeros(2, np.float32)
    elif part == "shape":
        arrays["fc.weight"] = arrays["fc.weight"].T
    elif part == "type":
        arrays["fc.bias"] = arrays["fc.bias"].astype(np.float64)
    elif part == "objects":
        arrays["fc.bias"] = np.array([None, None])
    elif part == "nan":
        arrays["fc.bias"][0] = np.nan
    elif part == "variance":
        arrays["bn1.running_var"][0] = -1
    elif part == "bit":
        arrays["fc.bias"][0] += 1e-3
    else:
        arrays["fc.bias"] = arrays["fc.bias"].tolist()
    with pytest.raises(BundleError):
        SliceNetworkClassifier.from_parts(structure, arrays)
    with pytest.raises(BundleError):
        SliceNetworkClassifier.from_parts({}, arrays)


@pytest.mark.parametrize(
    ("change", "images", "y", "words"),
    [
        ({}, np.zeros((4, 72, 72)), [0, 1, 0], "one label each"),
        ({}, np.zeros((4, 72, 72)), [0, 0, 0, 0], "the labels have 1"),
        ({}, np.zeros((4, 72, 72)), [0, 1, 2, 0], "the labels have 3"),
        ({}, np.zeros((4, 72, 70)), [0, 1, 0, 1], "takes squares"),
        ({}, np.zeros((4, 72, 72, 72)), [0, 1, 0, 1], "takes squares"),
        ({}, np.full((4, 72, 72), np.nan), [0, 1, 0, 1], "not finite"),
        ({"crop": 80}, np.zeros((4, 72, 72)), [0, 1, 0, 1], "cannot be cropped to 80"),
        ({"crop": 16}, np.zeros((4, 72, 72)), [0, 1, 0, 1], "too few for its strides"),
        ({"fine_tune": "some"}, np.zeros((4, 72, 72)), [0, 1, 0, 1], "all or classifier"),
        ({"network": "vgg"}, np.zeros((4, 72, 72)), [0, 1, 0, 1], "no network named"),
        ({"weights": random_weights("compact")}, np.zeros((4, 72, 72)), [0, 1, 0, 1], "weights are of compact"),
    ],
)
def test_what_cannot_be_fitted_says_why(change, images, y, words):
    with pytest.raises(InputError, match=words):
        slice_classifier(**change).fit(images, np.array(y))


def test_a_checkpoint_of_other_images_or_another_network_is_refused(slices, tmp_path):
    path = tmp_path / "fit.safetensors"
    with pytest.raises(Cancelled):
        slice_classifier().fit(*slices, checkpoint=path, progress=Stage(lambda fraction, message: fraction < 0.4))
    with pytest.raises(InputError, match="data is"):
        slice_classifier().fit(slices[0][::-1], slices[1], checkpoint=path)
    with pytest.raises(InputError, match="flips is True there, False here"):
        slice_classifier(flips=False).fit(*slices, checkpoint=path)
