"""Every kind of heatmap through the one call, for frozen and trained networks, in two and three dimensions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Case
from RadFusionLib.cohort import load_case, read_manifest
from RadFusionLib.errors import InputError
from RadFusionLib.explain import KINDS, LEGEND, Heatmap, HeatmapLook
from RadFusionLib.explain.colours import COLOURS
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.calibration import PlattCalibration
from RadFusionLib.fusion.ensemble import Ensemble
from RadFusionLib.fusion.influence import feature_influence
from RadFusionLib.fusion.interval import HalfSampleInterval
from RadFusionLib.fusion.member import Member
from RadFusionLib.fusion.network_score import fit_network
from RadFusionLib.fusion.scores import LinearScore
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.recipe import load_recipe
from RadFusionLib.recipe.recipe import HEATMAP_COLOURS, HEATMAPS
from RadFusionLib.resources import resource
from RadFusionLib.simulation import simulate
from RadFusionLib.workflow import prepare_case
from RadFusionLib.workflow.extraction import extract_case
from RadFusionLib.workflow.hidden_pictures import hidden_pictures
from RadFusionLib.workflow.network_images import network_grids, network_images
from RadFusionLib.workflow.painting import PAINTERS, HeatmapChoice, paint_heatmap
from RadFusionLib.workflow.preprocess import shared_frame

pytest.importorskip("torch", reason="torch is not installed")


def simulated(phases: tuple[str, ...], folder: Path) -> Case:
    return load_case(read_manifest(simulate(phases, 1, 31, 1.0, folder)).rows[0], phases)


@pytest.fixture(scope="module")
def frozen(tmp_path_factory) -> SimpleNamespace:
    """The demonstration bundle and a case: a frozen 3D network and CR."""
    bundle = Bundle.load(resource("Bundles", "hcc-mvi-demonstration.radfusion"))
    prepared = prepare_case(simulated(bundle.recipe.phases, tmp_path_factory.mktemp("hcc")), bundle.recipe)
    names = bundle.ensemble.features
    found = extract_case(prepared, bundle.recipe, bundle.weights, names=names)
    values = np.array([[found.values[name] for name in names]])
    return SimpleNamespace(bundle=bundle, prepared=prepared, table=FeatureTable(("a",), names, values, ("",)))


def with_networks(name: str, folder: Path) -> SimpleNamespace:
    """Two members of a recipe with a trained network, fitted to noise, fused with nothing."""
    recipe = load_recipe(name, "small")
    (key, section), *_ = recipe.networks.items()
    section = {**section, "training": {**section["training"], "epochs": 1}}
    case = simulated(recipe.phases, folder)
    prepared = prepare_case(case, recipe)
    images = network_images(prepared, recipe)[key]
    noise = np.random.default_rng(0)
    many = tuple(noise.integers(0, 255, (1, *images.shape[1:])).astype(images.dtype) for _ in range(8))
    table = FeatureTable(tuple("abcdefgh"), (), np.empty((8, 0)), images={key: many})
    members = []
    for seed in range(2):
        network = fit_network(table, np.arange(8) % 2, key, section, seed)
        fusion = StackedScore({key: network}, (), LinearScore(np.array([2.0]), 0.1, "logistic"))
        members.append(Member({"final": network if recipe.final_candidates == (key,) else fusion}, "final", {}))
    calibration = PlattCalibration(0.8, 0.0)
    ensemble = Ensemble(tuple(members), calibration, HalfSampleInterval((), calibration, np.zeros((2, 2))), 0.5)
    bundle: Any = SimpleNamespace(recipe=recipe, ensemble=ensemble, weights=None, name="networks")
    own = FeatureTable((case.id,), (), np.empty((1, 0)), images={key: (images,)})
    return SimpleNamespace(bundle=bundle, prepared=prepared, table=own, key=key)


@pytest.fixture(scope="module")
def sliced(tmp_path_factory) -> SimpleNamespace:
    return with_networks("icc-pni", tmp_path_factory.mktemp("pni"))


@pytest.fixture(scope="module")
def patched(tmp_path_factory) -> SimpleNamespace:
    return with_networks("icca-recurrence-patch", tmp_path_factory.mktemp("patch"))


def paint(given: SimpleNamespace, text: str) -> Heatmap:
    return paint_heatmap(given.bundle, given.prepared, given.table, HeatmapChoice.from_text(text))


def test_recipes_painters_and_meanings_know_the_same_kinds():
    assert set(HEATMAPS) == set(PAINTERS) == set(KINDS)
    assert HeatmapChoice.from_text("feature:HBP_shell_x") == HeatmapChoice("feature", "HBP_shell_x")
    assert HeatmapChoice.from_text("gradcam@JET") == HeatmapChoice("gradcam", colours="JET")
    assert set(HEATMAP_COLOURS) == set(COLOURS)
    with pytest.raises(InputError, match="no colours 'pink'"):
        HeatmapChoice.from_text("gradcam@pink")
    for wrong in ("saliency", "gradcam:layer4", ""):
        with pytest.raises(InputError, match=r"use one of contribution, .* or feature:NAME"):
            HeatmapChoice.from_text(wrong)


@pytest.mark.parametrize("kind", ["contribution", "gradcam", "cam", "feature"])
def test_a_map_lies_in_the_regions_and_says_what_it_is(frozen, kind):
    found = paint(frozen, kind)
    reference = frozen.prepared.reference_phase
    union = np.any([region.array for region in reference.regions.values()], axis=0)
    assert found.kind == kind
    assert found.volume.geometry.same_grid(reference.image.geometry)
    assert not (found.inside & ~union).any()
    assert found.inside.sum() > 1000
    values = found.volume.array[found.inside]
    assert np.isfinite(values).all()
    low, high = found.limits
    assert low <= values.min() < values.max() <= high
    facts = found.facts()
    assert facts["is_not"]
    assert facts["unit"]
    assert (LEGEND in facts["legend"]) == (kind != "feature")
    again = Heatmap.of_facts(found.volume, facts)
    assert (again.title, again.legend, again.limits) == (found.title, found.legend, found.limits)
    assert again.look == found.look == HeatmapLook()


def test_cells_add_up_to_what_the_frozen_network_adds_to_the_risk(frozen, monkeypatch):
    """The mean of a class activation is the sum over features of influence times feature, without any intercept."""
    from RadFusionLib.workflow import activation_map

    sums = []

    def kept(*arguments):
        found = plain(*arguments)
        sums.append(float(found.mean()))
        return found

    plain = activation_map.class_activation
    monkeypatch.setattr(activation_map, "class_activation", kept)
    paint(frozen, "cam")
    names = [name for name in frozen.bundle.ensemble.features if "_dlr_" in name]
    influence = feature_influence(frozen.bundle.ensemble, frozen.table, names)
    assert len(sums) == len({name.split("_dlr_")[0] for name in names})
    assert sum(sums) == pytest.approx(float(influence @ frozen.table.columns(names)[0]), rel=1e-4)


def test_influence_is_the_slope_of_the_log_odds(frozen):
    """By the chain rule: the calibration, the fusion, each signature's logistic function, its linear score."""
    ensemble, table = frozen.bundle.ensemble, frozen.table
    name = ensemble.features[0]
    slope = 0.0
    for member in ensemble.members:
        stack = member.scores[member.final]
        for weight, score in zip(stack.classifier.weight, stack.signatures.values(), strict=True):
            if name in score.features:
                place, said = score.features.index(name), score.signature(table)[0]
                slope += weight * said * (1 - said) * score.weight[place] / score.scale[place]
    slope *= ensemble.calibration.slope / len(ensemble.members)
    assert abs(slope) > 0.01
    assert feature_influence(ensemble, table, [name, "nothing"]) == pytest.approx([slope, 0.0], rel=1e-6)


def test_a_feature_map_is_of_the_named_feature_and_only_where_it_is(frozen):
    found = paint(frozen, "feature:AP_tumor_original_firstorder_Mean")
    tumor = frozen.prepared.reference_phase.regions["tumor"].array
    assert (found.inside <= tumor).all()
    assert "first-order mean" in found.title
    # Five voxels of 2 mm a side: the mean of what of the tumour lies in a box of 10 mm.
    part = frozen.prepared.phases["AP"]
    box = [round(10 / s) for s in part.image.geometry.spacing[::-1]]
    inside = part.regions["tumor"].array.astype(float)
    image = part.image.array[found.inside]
    local = uniform_filter(part.image.array * inside, box) / np.maximum(uniform_filter(inside, box), 1e-9)
    assert np.corrcoef(local[found.inside], found.volume.array[found.inside])[0, 1] > 0.9
    low, high = found.ends
    assert image.min() - 1e-6 <= low < high <= image.max() + 1e-6
    for wrong in ("AP_liver_original_firstorder_Mean", "XX_tumor_original_firstorder_Mean", "nonsense"):
        with pytest.raises(InputError, match="has no CR feature"):
            paint(frozen, f"feature:{wrong}")
    with pytest.raises(InputError, match="describes the whole region"):
        paint(frozen, "feature:AP_tumor_original_shape_Sphericity")


@pytest.mark.parametrize("kind", ["gradcam", "cam", "contribution"])
def test_a_trained_slice_network_is_shown_on_its_slice(sliced, kind):
    found = paint(sliced, kind)
    tumor = sliced.prepared.reference_phase.regions["tumor"].array
    largest = int(np.argmax(tumor.sum(axis=(1, 2))))
    if kind == "contribution":
        away = np.abs(np.arange(len(tumor)) - largest) * sliced.prepared.reference_phase.image.geometry.spacing[2] > 14
        assert (found.inside == tumor).all()
        assert found.extent > 1e-6, "hiding a place changes what the trained networks say"
        assert not found.volume.array[away][tumor[away]].any(), "they see nothing of what lies far from their slice"
    else:
        assert np.unique(np.argwhere(found.inside)[:, 0]).tolist() == [largest]


@pytest.mark.parametrize("kind", ["gradcam", "cam", "patch_probability"])
def test_a_patch_network_is_shown_where_its_patches_lie(patched, kind):
    found = paint(patched, kind)
    tumor = patched.prepared.reference_phase.regions["tumor"].array
    assert found.inside.any()
    assert (found.inside <= tumor).all()


def test_pictures_without_a_ball_differ_inside_it_alone(sliced):
    grid = network_grids(sliced.prepared, sliced.bundle.recipe, sliced.key)[0]
    (image,) = sliced.table.images[sliced.key]
    middle = grid.index_to_physical(np.array([[grid.size[0] / 2, grid.size[1] / 2, 0.0]]))
    centres = np.vstack([middle, middle + np.array([[0.0, 0.0, 500.0]])])
    near, far = hidden_pictures(sliced.bundle.recipe, sliced.prepared, sliced.table, centres, 6.0)[sliced.key]
    assert far is image, "a ball that touches no pixel leaves the picture itself"
    changed = np.argwhere(near[0] != image[0])
    points = grid.index_to_physical(np.column_stack([changed[:, ::-1], np.zeros(len(changed))]))
    distance = np.linalg.norm(points - middle, axis=1)
    assert len(changed) > 10
    assert distance.max() <= 6.0 + 1e-6
    assert np.unique(near[0][tuple(changed.T)]).size == 1


def test_what_cannot_be_painted_is_said_in_a_sentence(frozen, sliced):
    with pytest.raises(InputError, match="its final model sees no patches"):
        paint(frozen, "patch_probability")
    with pytest.raises(InputError, match="uses no CR feature that has a map"):
        paint(SimpleNamespace(**{**vars(sliced), "bundle": with_domain(sliced.bundle)}), "feature")
    nothing = replace(frozen.bundle, ensemble=sliced.bundle.ensemble, weights=None)
    nothing = replace(nothing, ensemble=replace(nothing.ensemble, members=(constant(),)))
    with pytest.raises(InputError, match=r"No network .* choose the heatmap contribution"):
        paint(SimpleNamespace(**{**vars(frozen), "bundle": nothing}), "gradcam")


def constant() -> Member:
    from RadFusionLib.fusion.linear_score import LinearScore as Plain

    empty = np.empty(0)
    return Member({"final": Plain((), empty, empty, empty, 0.0)}, "final", {})


def with_domain(bundle: Any) -> Any:
    return SimpleNamespace(**{**vars(bundle), "domain": SimpleNamespace(levels=(0.0, 1.0), quantiles={})})


def test_only_phases_of_one_frame_share_a_place():
    assert shared_frame(load_recipe("hcc-mvi")) == ("AP", "PP", "HBP")
    assert shared_frame(load_recipe("icca-diagnosis")) == ("CT-NP", "CT-AP", "CT-VP")


@pytest.mark.parametrize(("name", "shape"), [("r3d_18", (64, 64, 64)), ("resnet101", (224, 224))])
def test_the_published_networks_have_both_maps_at_their_own_size(name, shape):
    """What the full profiles paint: 8 x 4 x 4 and 7 x 7 cells, of which a class activation's mean is the score."""
    from RadFusionLib.deep import network_spec
    from RadFusionLib.deep.checkpoint import random_weights
    from RadFusionLib.deep.features import extract
    from RadFusionLib.deep.inference import input_tensor
    from RadFusionLib.explain.class_activation import class_activation, grad_cam

    torch = pytest.importorskip("torch")
    weights = random_weights(name, 1)
    network = weights.module()
    network.fc = torch.nn.Identity()
    image = np.random.default_rng(0).random((1, *shape), dtype=np.float32)
    inputs = input_tensor(image, network_spec(name))[0].numpy()
    influence = np.random.default_rng(1).normal(size=network_spec(name).features).astype(np.float32)
    plain = class_activation(network, inputs, influence)
    assert plain.shape == ((8, 4, 4) if len(shape) == 3 else (7, 7))
    features = extract((name, weights.module()), image)[0]
    assert plain.mean() == pytest.approx(float(features @ influence), abs=1e-4 * float(features @ np.abs(influence)))
    found = grad_cam(network, inputs, lambda output: (output.flatten() * output.new_tensor(influence)).sum())
    assert found == pytest.approx(np.maximum(plain, 0) / plain.size, rel=1e-3, abs=1e-6)
