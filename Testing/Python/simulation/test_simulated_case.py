"""A simulated case: what it holds, where its patches lie, and that they are equally salient."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, stats

from RadFusionLib.case import PHASES, MaskKey
from RadFusionLib.errors import InputError
from RadFusionLib.simulation import SimulatedCase, draw_latents, simulate_case
from RadFusionLib.simulation.patches import amplitude, shell_of

MRI = ("AP", "PP", "HBP")


@pytest.fixture(scope="module")
def cases() -> list[SimulatedCase]:
    """Thirty-six cases with one phase."""
    return [simulate_case(7, index, ("AP",)) for index in range(36)]


@pytest.fixture(scope="module")
def case() -> SimulatedCase:
    """One case with three phases."""
    return simulate_case(5, 2, MRI)


def test_same_seed_gives_the_same_arrays_and_another_seed_others(case: SimulatedCase) -> None:
    again, other = simulate_case(5, 2, MRI), simulate_case(6, 2, MRI)
    for role in MRI:
        np.testing.assert_array_equal(case.phases[role].array, again.phases[role].array)
    assert case.clinical == again.clinical
    assert case.latents.burden != other.latents.burden
    a, b = case.phases["AP"].array, other.phases["AP"].array
    assert a.shape != b.shape or np.any(a != b)


def test_a_phase_looks_the_same_whichever_others_are_asked_for(case: SimulatedCase) -> None:
    alone = simulate_case(5, 2, ("HBP", "T2"))
    np.testing.assert_array_equal(alone.phases["HBP"].array, case.phases["HBP"].array)


def test_images_are_small_and_finite(case: SimulatedCase) -> None:
    for volume in case.phases.values():
        assert volume.array.dtype == np.int16
        assert volume.geometry.is_orthogonal()
        assert max(volume.geometry.size) <= 100
        assert 1.5 <= volume.geometry.spacing[0] <= 2.1
        assert 2.4 <= volume.geometry.spacing[2] <= 4.1


def test_enhancement_is_typical_of_each_phase(cases: list[SimulatedCase]) -> None:
    case = simulate_case(7, 3, PHASES)
    tumor, liver = case.masks[MaskKey("tumor")].array, case.masks[MaskKey("liver")].array
    core = ndimage.binary_erosion(tumor, iterations=2)
    far = liver & (ndimage.distance_transform_edt(~tumor) > 8)
    contrast = {r: case.phases[r].array[core].mean() - case.phases[r].array[far].mean() for r in MRI}
    assert contrast["AP"] > 15
    assert contrast["PP"] < -10
    assert contrast["HBP"] < -30
    assert set(case.phases) == set(PHASES)
    # Air is air in CT, and the two readers' contours come close to the first.
    assert case.phases["CT-NP"].array.min() < -900
    for key in (MaskKey("tumor", "", "2"), MaskKey("tumor", "", "1", "2")):
        drawn = case.masks[key].array
        dice = 2 * np.sum(drawn & tumor) / (drawn.sum() + tumor.sum())
        assert 0.75 < dice < 0.999


def test_ct_beside_mri_has_masks_of_its_own() -> None:
    case = simulate_case(7, 3, ("T2", "CT-NP", "CT-AP"))
    own = case.masks[MaskKey("tumor", "CT-NP")]
    assert own.geometry.same_grid(case.phases["CT-NP"].geometry)
    assert not own.geometry.same_grid(case.masks[MaskKey("tumor")].geometry)
    assert abs(own.array.sum() * own.geometry.voxel_volume
               / (case.masks[MaskKey("tumor")].array.sum() * case.masks[MaskKey("tumor")].geometry.voxel_volume)
               - 1) < 0.1  # fmt: skip
    alone = simulate_case(7, 3, ("CT-NP",))
    assert {key.phase for key in alone.masks} == {""}


def test_patches_lie_in_tumor_and_shell_and_apart(cases: list[SimulatedCase]) -> None:
    for case in cases:
        tumor, liver = case.masks[MaskKey("tumor")], case.masks[MaskKey("liver")].array
        shell = shell_of(tumor.array, liver, tumor.geometry.spacing)
        assert not np.any(shell & tumor.array)
        assert not np.any(shell & ~liver)
        assert np.all(liver[tumor.array])
        around = tumor.array | shell
        for truth in (case.risk, case.decoy):
            assert truth.geometry == tumor.geometry
            assert not np.any(truth.array & ~around)
            assert 0.05 < truth.array[around].mean() < 0.5
        assert not np.any(case.risk.array & case.decoy.array)


def test_patches_may_be_confined_to_one_region() -> None:
    case = simulate_case(7, 1, ("AP",), regions=("tumor",))
    tumor = case.masks[MaskKey("tumor")].array
    # Up to a voxel's edge between the patient's grid and the image's.
    assert case.risk.array[~tumor].sum() <= 0.1 * case.risk.array.sum()
    assert case.decoy.array[~tumor].sum() <= 0.1 * case.decoy.array.sum()


def test_causal_and_decoy_are_equally_salient(cases: list[SimulatedCase]) -> None:
    measures: dict[str, list[float]] = {}
    for case in cases:
        image = case.phases["AP"].array.astype(float)
        tumor = case.masks[MaskKey("tumor")].array
        spacing = case.phases["AP"].geometry.spacing[::-1]
        distance = ndimage.distance_transform_edt(~tumor, sampling=spacing)
        maps = {"intensity": image, "distance": distance, "tumor": tumor.astype(float), "size": np.ones(image.shape)}
        for width in (3, 5, 9):
            mean = ndimage.uniform_filter(image, width)
            maps[f"variance {width}"] = np.sqrt(np.maximum(ndimage.uniform_filter(image**2, width) - mean**2, 0))
        maps["gradient"] = ndimage.gaussian_gradient_magnitude(image, 1.0)
        for name, values in maps.items():
            reduce = np.sum if name == "size" else np.mean
            # Amplitude follows each patch's own burden, which would only add noise to the comparison.
            scale = 1.0
            if name.startswith(("variance", "gradient")):
                scale = amplitude(case.latents.burden) / amplitude(case.latents.decoy_burden)
                scale = np.sqrt(scale)
            difference = reduce(values[case.risk.array]) / scale - reduce(values[case.decoy.array])
            measures.setdefault(name, []).append(float(difference))
    for name, differences in measures.items():
        assert stats.ttest_1samp(differences, 0.0).pvalue > 0.01, name


def test_burden_sets_the_amplitude_monotonically() -> None:
    values = [amplitude(s) for s in np.linspace(-3, 3, 25)]
    assert np.all(np.diff(values) > 0)


def test_case_for_the_software_hides_the_truth(case: SimulatedCase) -> None:
    plain = case.to_case()
    assert plain.simulated
    assert plain.id == case.id == "sim5-0002"
    assert not any("@" in name for name in plain.clinical)
    assert plain.clinical["diameter"] == pytest.approx(draw_latents(5, 2).diameter, rel=0.15)


@pytest.mark.parametrize("phases", [(), ("XX",), ("AP", "AP")])
def test_unusable_phases_are_refused(phases: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        simulate_case(1, 0, phases)


def test_unusable_profile_and_regions_are_refused() -> None:
    with pytest.raises(InputError, match="profile"):
        simulate_case(1, 0, ("AP",), profile="huge")
    with pytest.raises(InputError, match="Patches"):
        simulate_case(1, 0, ("AP",), regions=("liver",))
