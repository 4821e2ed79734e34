import json

import numpy as np
import pytest

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.deep.checkpoint import load_weights, random_weights
from RadFusionLib.deep.comparison import Comparison, compare
from RadFusionLib.deep.crops import Crops, read_crops
from RadFusionLib.deep.pretext import local_maps, map_names, summaries, summary_names
from RadFusionLib.deep.pretraining import Settings, main, pretext_maps, pretext_targets, pretrain_compact
from RadFusionLib.errors import Cancelled, InputError, ManifestError
from RadFusionLib.progress import Stage


@pytest.fixture(scope="module")
def crops():
    """Balls of noise, some coarse and some fine: 6 cases, one phase, two regions."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    k, j, i = np.indices((32, 32, 32)) - 15.5
    ball = k**2 + j**2 + i**2 < 14**2
    cubes = np.zeros((6, 1, 2, 32, 32, 32), np.float32)
    for index in np.ndindex(6, 1, 2):
        noise = gaussian_filter(rng.normal(size=ball.shape), 0.7 + (index[0] % 4))
        cubes[index] = np.clip(0.5 + 0.2 * noise / noise.std(), 0.01, 1) * ball
    inside = np.broadcast_to(ball, cubes.shape)
    return Crops(cubes, inside, tuple(f"c{n}" for n in range(6)), ("AP",))


def training(crops, **options):
    targets = pretext_targets(crops)
    options = {"maps": pretext_maps(crops), "groups": [case for case in crops.cases for _ in range(2)], **options}
    settings = Settings(seed=3, epochs=2, batch=8, held_out=0.2)
    return pretrain_compact(crops.cubes.reshape(-1, 32, 32, 32), targets, settings=settings, **options)


def test_summaries_are_finite_named_and_blind_to_what_lies_outside(crops):
    cube, inside = crops.cubes[0, 0, 0], crops.inside[0, 0, 0]
    values = summaries(cube, inside)
    assert values.shape == (len(summary_names()),)
    assert np.isfinite(values).all()
    np.testing.assert_allclose(summaries(np.where(inside, cube, 7.0), inside), values, atol=1e-5)
    np.testing.assert_allclose(
        summaries(np.rot90(cube[::-1], 1, (1, 2)), np.rot90(inside[::-1], 1, (1, 2))), values, atol=1e-4
    )
    one = np.zeros_like(inside)
    one[3, 4, 5] = True
    assert np.isfinite(summaries(cube, one)).all()


def test_upside_down_texture_changes_the_sign_of_asymmetry(crops):
    cube, inside = crops.cubes[1, 0, 0], crops.inside[1, 0, 0]
    names = summary_names()
    values, turned = summaries(cube, inside), summaries(1 - cube, inside)
    for band in ("band 0.6", "band 1.6"):
        whole, width = names.index(f"{band} asymmetry"), names.index(f"{band} deviation")
        low, high = (names.index(f"{band} asymmetry within 4 {p}") for p in ("p02", "p98"))
        np.testing.assert_allclose(values[[whole, low, high]], -turned[[whole, high, low]], atol=1e-4)
        np.testing.assert_allclose(values[width], turned[width], atol=1e-4)


def test_direction_tells_a_weave_from_the_same_weave_turned():
    k, j, i = np.indices((32, 32, 32)) - 15.5
    inside = k**2 + j**2 + i**2 < 14**2
    names = summary_names()
    for wavelength in (4.0, 6.0):
        upright = 0.5 + 0.1 * (np.sin(2 * np.pi * j / wavelength) + np.sin(2 * np.pi * i / wavelength))
        u, v = (i + j) / np.sqrt(2), (i - j) / np.sqrt(2)
        turned = 0.5 + 0.1 * (np.sin(2 * np.pi * u / wavelength) + np.sin(2 * np.pi * v / wavelength))
        at = names.index("direction 0.9 balance")
        assert summaries(upright, inside)[at] < -1 < 1 < summaries(turned, inside)[at]


def test_local_maps_turn_with_the_crop(crops):
    cube, inside = crops.cubes[2, 0, 1], crops.inside[2, 0, 1]
    maps = local_maps(cube, inside)
    assert maps.shape == (len(map_names()), 8, 8, 8)
    assert np.isfinite(maps).all()
    assert maps[0].max() == 1.0
    assert maps[0, 0, 0, 0] == 0.0
    turned = local_maps(np.rot90(cube[::-1], 1, (1, 2)), np.rot90(inside[::-1], 1, (1, 2)))
    np.testing.assert_allclose(turned, np.rot90(maps[:, ::-1], 1, (2, 3)), atol=1e-4)


def test_standardised_maps_have_a_spread_of_one_where_they_weigh(crops):
    table = pretext_maps(crops)
    weight, values = table[:, :1], table[:, 1:]
    assert np.sqrt((weight * values**2).sum() / (weight.sum() * values.shape[1])) == pytest.approx(1.0, abs=0.05)


def test_training_lowers_the_loss_and_repeats_itself(crops):
    losses = []
    first = training(crops, progress=Stage(lambda fraction, message: losses.append(message)))
    assert first.sha256 == training(crops).sha256
    assert first.network == "compact"
    assert not first.is_random
    assert (first.notes["cases"], first.notes["crops"], first.notes["seed"]) == ("6", "12", "3")
    assert any("held out" in message for message in losses)
    assert sum(v.size for v in first.tensors.values()) > random_weights("compact").module().conv1.weight.numel()


def test_an_interrupted_training_ends_with_the_same_weights(crops, tmp_path):
    checkpoint = tmp_path / "run.checkpoint"
    whole = training(crops)
    with pytest.raises(Cancelled):
        training(crops, checkpoint=checkpoint, progress=Stage(lambda fraction, message: fraction <= 0.5))
    assert checkpoint.is_file()
    assert training(crops, checkpoint=checkpoint).sha256 == whole.sha256
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_of_another_training_is_refused(crops, tmp_path):
    checkpoint = tmp_path / "run.checkpoint"
    with pytest.raises(Cancelled):
        training(crops, checkpoint=checkpoint, progress=Stage(lambda fraction, message: fraction <= 0.5))
    cubes = crops.cubes.reshape(-1, 32, 32, 32)
    with pytest.raises(InputError, match="another training"):
        pretrain_compact(cubes, pretext_targets(crops), seed=4, epochs=2, checkpoint=checkpoint)


def test_inputs_and_targets_must_fit(crops):
    with pytest.raises(InputError, match="cubes of 32 voxels"):
        pretrain_compact(np.zeros((2, 16, 16, 16)), np.zeros((2, 3)))


@pytest.fixture
def cohort(tmp_path):
    """Three cases on disk, with a liver, in two phases."""
    sitk = pytest.importorskip("SimpleITK")
    geometry = Geometry((40, 40, 16), (1.6, 1.6, 3.0))
    k, j, i = np.indices(geometry.shape)
    distance = np.sqrt(((i - 20) * 1.6) ** 2 + ((j - 20) * 1.6) ** 2 + ((k - 8) * 3.0) ** 2)
    lines = ["case,image:AP,image:PP,mask:tumor,mask:liver,outcome"]
    for n in range(3):
        rng = np.random.default_rng(n)
        tumor = distance < 10 + n
        for name, array in {
            "AP": rng.normal(100 + 50 * tumor, 10).astype(np.float32),
            "PP": rng.normal(150 - 30 * tumor, 10).astype(np.float32),
            "tumor": tumor,
            "liver": i > 12,
        }.items():
            sitk.WriteImage(Volume(array, geometry).to_sitk(), str(tmp_path / f"{n}-{name}.nrrd"))
        lines.append(f"s{n},{n}-AP.nrrd,{n}-PP.nrrd,{n}-tumor.nrrd,{n}-liver.nrrd,{n % 2}")
    path = tmp_path / "manifest.csv"
    path.write_text("\n".join(lines))
    return path


def test_crops_of_a_manifest(cohort):
    crops = read_crops(cohort, 24)
    assert crops.cubes.shape == (3, 2, 2, 24, 24, 24)
    assert (crops.cases, crops.phases) == (("s0", "s1", "s2"), ("AP", "PP"))
    assert not crops.cubes[~crops.inside].any()
    tumor, shell = crops.inside[0, 0]
    assert tumor[12, 12, 12]
    assert not shell[12, 12, 12]
    assert shell.any()
    with pytest.raises(ManifestError, match="no column 'image:HBP'"):
        read_crops(cohort, 24, ("HBP",))


def test_the_command_writes_weights_that_load_and_reads_no_outcome(cohort, tmp_path):
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    assert main(["--manifest", str(cohort), "--out", str(first), "--epochs", "1", "--seed", "5"]) == 0
    text = cohort.read_text().replace(",0\n", ",7\n").replace(",1\n", ",0\n")
    cohort.write_text(text)
    assert main(["--manifest", str(cohort), "--out", str(second), "--epochs", "1", "--seed", "5"]) == 0
    assert first.read_bytes() == second.read_bytes()
    weights = load_weights(first)
    assert (weights.network, weights.notes["seed"], weights.notes["phases"]) == ("compact", "5", "AP PP")
    assert json.loads(json.dumps(dict(weights.notes)))["cases"] == "3"


def test_the_command_says_what_is_wrong(cohort, tmp_path, capsys):
    assert main(["--manifest", str(tmp_path / "none.csv"), "--out", str(tmp_path / "a.safetensors")]) == 2
    assert "none.csv cannot be read" in capsys.readouterr().err
    assert main(["--manifest", str(cohort), "--out", str(tmp_path / "none" / "a.safetensors")]) == 2
    assert not list(tmp_path.glob("*.safetensors"))


def test_a_comparison_tells_the_gain(crops):
    outcomes = np.array([[n % 4 > 1 for n in range(6)] * 4])
    repeated = Crops(
        np.concatenate([crops.cubes] * 4), np.concatenate([crops.inside] * 4), crops.cases * 4, crops.phases
    )
    result = compare(random_weights("compact", 7), repeated, outcomes.astype(int), initialisations=1)
    assert result.pretrained.shape == (1,)
    assert result.random.shape == (1, 1)
    known = Comparison(np.array([0.8, 0.9]), np.array([[0.7, 0.7], [0.6, 0.8]]))
    np.testing.assert_allclose(known.gain.mean(), 0.15)
    assert "gain         +0.150" in str(known)
