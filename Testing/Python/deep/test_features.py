import numpy as np
import pytest
import torch

from RadFusionLib.deep import extract, feature_names, random_weights
from RadFusionLib.deep.features import levelled
from RadFusionLib.errors import Cancelled, InputError
from RadFusionLib.progress import Stage


@pytest.fixture(scope="module")
def cubes():
    return np.random.default_rng(0).random((11, 32, 32, 32), dtype=np.float32)


@pytest.fixture(scope="module")
def compact():
    return random_weights("compact", 4)


def test_features_are_the_network_s_own_output(cubes, compact):
    features = extract(compact, cubes)
    assert features.shape == (11, 128)
    assert features.dtype == np.float32
    with torch.inference_mode():
        expected = compact.module()(torch.from_numpy(cubes)[:, None]).numpy()
    np.testing.assert_allclose(features, expected, atol=1e-6)


def test_the_compact_network_sees_the_region_s_mean_outside_it(cubes, compact):
    masked = cubes[:2].copy()
    masked[:, :10] = 0
    shown = levelled(masked)
    np.testing.assert_array_equal(shown[:, 10:], masked[:, 10:])
    np.testing.assert_allclose(shown[:, :10].mean(axis=(1, 2, 3)), masked[:, 10:].mean(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_array_equal(extract(compact, masked), extract(compact, shown))
    assert np.isfinite(extract(compact, np.zeros((1, 32, 32, 32)))).all()


def test_a_volume_s_features_do_not_depend_on_its_company(cubes, compact):
    whole = extract(compact, cubes)
    for i in (0, 5, 10):
        np.testing.assert_array_equal(extract(compact, cubes[i : i + 1])[0], whole[i])
    np.testing.assert_array_equal(extract(compact, cubes[::-1])[::-1], whole)
    np.testing.assert_array_equal(extract(compact, list(cubes[3:7])), whole[3:7])


def test_another_batch_size_changes_the_last_bits_only(cubes, compact):
    np.testing.assert_allclose(extract(compact, cubes, batch=3), extract(compact, cubes), atol=1e-6)


def test_threads_change_nothing_and_are_given_back(cubes, compact):
    before = torch.get_num_threads()
    np.testing.assert_array_equal(extract(compact, cubes, threads=1), extract(compact, cubes, threads=2))
    assert torch.get_num_threads() == before


def test_r3d_18_gives_512_features_before_its_classifier():
    weights = random_weights("r3d_18", 0)
    cube = np.random.default_rng(1).random((1, 64, 64, 64), dtype=np.float32)
    network = weights.module()
    features = extract(("r3d_18", network), cube)
    assert features.shape == (1, 512)
    with torch.inference_mode():
        expected = network(torch.from_numpy(cube)[:, None].expand(-1, 3, -1, -1, -1)).numpy()
        classes = network.fc(torch.from_numpy(features)).numpy()
    np.testing.assert_allclose(classes, expected, atol=1e-4)


def test_no_inputs_give_no_rows(compact):
    assert extract(compact, []).shape == (0, 128)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (np.zeros((2, 16, 16, 16)), "takes cubes of 32 voxels"),
        (np.zeros((32, 32, 32)), "takes cubes of 32 voxels"),
        (np.full((1, 32, 32, 32), np.nan), "not finite"),
    ],
)
def test_unusable_inputs_are_refused(compact, inputs, words):
    with pytest.raises(InputError, match=words):
        extract(compact, inputs)


def test_extraction_can_be_cancelled(cubes, compact):
    with pytest.raises(Cancelled):
        extract(compact, cubes, progress=Stage(lambda fraction, message: False))


def test_names():
    names = feature_names("compact", "AP", "shell")
    assert len(names) == 128
    assert (names[0], names[-1]) == ("AP_shell_dlr_0", "AP_shell_dlr_127")
