"""The contribution map finds the patch that causes the outcome, and nothing when the model knows nothing.

The whole measurement, on more cases and models, is `python Testing/Studies/study.py maps`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from RadFusionLib.explain.model_free import auc_over_voxels, model_free_maps
from RadFusionLib.radiomics import prepare
from RadFusionLib.simulation import simulate_case
from RadFusionLib.simulation.latents import draw_latents
from RadFusionLib.workflow.contribution import neighbourhoods
from RadFusionLib.workflow.extraction import conventional_settings, extract_case, voxel_size
from RadFusionLib.workflow.hidden_features import hidden_features
from RadFusionLib.workflow.prediction import predict

sys.path.insert(0, str(Path(__file__).parents[2] / "Studies"))

from map_models import demonstration, randomised

SEED = 109
"""Neither that of the study nor that of the cases on which the neighbourhoods were chosen."""
NULL_MODELS = 40


@pytest.fixture(scope="module")
def bundle():
    return demonstration()


@pytest.fixture(scope="module")
def judged(bundle):
    """Two cases whose patches can be seen at all, with their maps."""
    found = []
    chosen = [index for index in range(100) if draw_latents(SEED, index).burden > 0.3][:2]
    for index in chosen:
        simulated = simulate_case(SEED, index, bundle.recipe.phases, equal_decoy=True)
        found.append((simulated, predict(bundle, simulated.to_case())))
    return found


def _region(found):
    regions = found.prepared.reference_phase.regions
    tumor = regions["tumor"]
    return tumor.with_array(tumor.array | regions["shell"].array)


def test_the_decoy_stands_out_as_much_as_the_causal_patch_of_its_own_case(judged):
    for simulated, _ in judged:
        assert simulated.patches["decoy_amplitude"] == simulated.patches["causal_amplitude"]
        drawn = draw_latents(SEED, simulated.latents.index)
        assert simulated.latents == replace(drawn, decoy_burden=drawn.burden)


def test_the_map_finds_the_causal_patch_better_than_any_map_without_a_model(judged):
    own, decoy, free = [], [], []
    for simulated, found in judged:
        region = _region(found)
        both = region.with_array(simulated.risk.array | simulated.decoy.array)
        own.append(auc_over_voxels(found.heatmap, simulated.risk, region))
        decoy.append(auc_over_voxels(found.heatmap, simulated.risk, both))
        phases = found.prepared.phases.values()
        maps = [m for part in phases for m in model_free_maps(part.image, part.regions).values()]
        free.append([auc_over_voxels(m, simulated.risk, region) for m in maps])
    best = np.mean(free, axis=0)
    assert np.mean(own) > max(best.max(), (1 - best).max()) + 0.10
    assert np.mean(decoy) > 0.75


def test_random_members_keep_the_models_and_the_lengths_of_their_weights_and_take_either_sign(bundle):
    generator = np.random.default_rng(1)
    own = bundle.ensemble.members[0]
    drawn = [randomised(own, generator) for _ in range(50)]

    def weights(member):
        stack = member.scores[member.final]
        assert list(stack.signatures) == ["CR-bi", "DLR-bi", "CR-DLR-bi", "Clin-R"]
        return [stack.classifier.weight, *(score.weight for score in stack.signatures.values())]

    for number, weight in enumerate(weights(own)):
        others = np.array([weights(member)[number] for member in drawn])
        assert np.allclose(np.linalg.norm(others, axis=1), np.linalg.norm(weight))
        assert (others > 0).any(axis=0).all()
        assert (others < 0).any(axis=0).all()


def test_a_map_of_members_with_random_weights_tells_patch_and_decoy_apart_no_better_than_chance(bundle, judged):
    generator = np.random.default_rng(0)
    differences = np.zeros((NULL_MODELS, len(judged)))
    models = [[randomised(member, generator) for member in bundle.ensemble.members] for _ in range(NULL_MODELS)]
    for number, (simulated, found) in enumerate(judged):
        balls = neighbourhoods(bundle.recipe, found.prepared)
        centres = balls.centres()
        names, radius = bundle.ensemble.features, balls.diameter / 2
        hidden = hidden_features(bundle.recipe, bundle.weights, found.prepared, found.features, names, centres, radius)
        for row, scores in enumerate(models):
            whole, without = (np.mean([s.score(t) for s in scores], axis=0) for t in (found.features, hidden))
            painted = balls.paint(centres, whole - without).array
            difference = painted[simulated.risk.array].mean() - painted[simulated.decoy.array].mean()
            differences[row, number] = difference / painted[_region(found).array].std()
    by_model = differences.mean(axis=1)
    error = by_model.std(ddof=1) / np.sqrt(NULL_MODELS)
    assert abs(by_model.mean()) < 3 * error
    # The same statistic of the trained members is far outside.
    trained = []
    for simulated, found in judged:
        painted = found.heatmap.array
        difference = painted[simulated.risk.array].mean() - painted[simulated.decoy.array].mean()
        trained.append(difference / painted[_region(found).array].std())
    assert np.mean(trained) > by_model.mean() + 8 * error


def test_a_hidden_ball_is_left_out_of_a_feature_and_others_are_held(bundle, judged):
    """The mean and the size of what is left, worked out voxel by voxel."""
    _, found = judged[0]
    names = ("HBP_shell_original_firstorder_Mean", "HBP_shell_original_firstorder_Maximum")
    held = ("HBP_shell_original_shape_VoxelVolume",)
    recipe, prepared = bundle.recipe, found.prepared
    values = extract_case(prepared, recipe, None, names=(*names, *held), trained=False).values
    table = replace(
        found.features, names=(*names, *held), values=np.array([[values[n] for n in (*names, *held)]]), images={}
    )
    part = prepared.phases["HBP"]
    made = prepare(
        part.image.array, part.regions["shell"].array, voxel_size(part.image.geometry), conventional_settings(recipe)
    )
    index = np.argwhere(made.mask)
    at = np.asarray(made.start_ijk) * 1.0 + index[:, ::-1] * np.asarray(made.spacing) / np.asarray(made.input_spacing)
    points = part.image.geometry.index_to_physical(at)
    brightest = points[np.argmax(made.image[made.mask])]
    far = points[np.argmax(np.linalg.norm(points - brightest, axis=1))] * 3.0 - 2.0 * brightest
    hidden = hidden_features(recipe, None, prepared, table, (*names, *held), np.array([brightest, far]), 9.0)
    left = np.linalg.norm(points - brightest, axis=1) > 9.0
    intensities = made.image[made.mask]
    assert hidden.values[0, 0] == pytest.approx(intensities[left].mean(), rel=1e-9)
    assert hidden.values[0, 1] == pytest.approx(intensities[left].max(), rel=1e-9)
    assert hidden.values[0, 1] < table.values[0, 1]
    assert hidden.values[0, 2] == table.values[0, 2]
    assert (hidden.values[1] == table.values[0]).all()
