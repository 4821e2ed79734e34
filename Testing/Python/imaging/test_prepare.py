"""From a case to its prepared phases and regions: frames, lesions, and sentences for what cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from RadFusionLib.case import Case, Geometry, MaskKey, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import peritumoral_shell
from RadFusionLib.recipe import Recipe, load_recipe
from RadFusionLib.workflow.preprocess import prepare_case

Grid = Callable[..., Geometry]
Ball = Callable[..., Volume]
TUMOR, LIVER = MaskKey("tumor"), MaskKey("liver")


def recipe(lesion: str = "single", **imaging: Any) -> Recipe:
    document = dict(load_recipe("hcc-mvi", "small").document)
    document["regions"] = {**document["regions"], "tumor": {"lesion": lesion}}
    document["imaging"] = {**document["imaging"], **imaging}
    return Recipe.from_document(document)


@pytest.fixture
def geometry(grid: Grid) -> Geometry:
    return grid(size=(48, 46, 20), spacing=(1.1, 1.2, 3.0), angles=(6, -4, 3))


@pytest.fixture
def case(geometry: Geometry, ball: Ball) -> Case:
    noise = np.random.default_rng(9)
    phases = {
        role: Volume(noise.normal(200, 20, geometry.shape).astype(np.float32), geometry) for role in ("AP", "PP", "HBP")
    }
    return Case("c7", phases, {TUMOR: ball(geometry, 7.0), LIVER: ball(geometry, 16.0, (3, 0, 0))})


def with_phase(case: Case, role: str, volume: Volume) -> Case:
    return replace(case, phases={**case.phases, role: volume})


def with_masks(case: Case, masks: Mapping[MaskKey, Volume]) -> Case:
    return replace(case, masks={**case.masks, **masks})


def test_a_plain_case_needs_no_notice_but_of_the_liver(case: Case) -> None:
    found = prepare_case(case, recipe())
    shell = peritumoral_shell(case.masks[TUMOR], 10.0, case.masks[LIVER])
    for part in found.phases.values():
        np.testing.assert_array_equal(part.regions["tumor"].array, case.masks[TUMOR].array)
        np.testing.assert_array_equal(part.regions["shell"].array, shell.mask.array)
        assert part.clipped_fraction == pytest.approx(shell.clipped_fraction)
        assert part.image.array.dtype == np.float64
        assert part.image.array.mean() == pytest.approx(0, abs=1e-3)
        assert part.image.array.std() == pytest.approx(100, rel=1e-3)
    assert any("of the 10 mm shell lay outside the liver and was cut" in text for text in found.notices)


def test_a_missing_liver_is_noticed(case: Case) -> None:
    found = prepare_case(replace(case, masks={TUMOR: case.masks[TUMOR]}), recipe())
    assert any("no liver mask" in text for text in found.notices)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c, b: replace(c, phases={k: v for k, v in c.phases.items() if k != "PP"}), "Case c7 has no PP phase"),
        (lambda c, b: replace(c, masks={LIVER: c.masks[LIVER]}), "Case c7 has no tumor mask for AP"),
        (lambda c, b: replace(c, masks={MaskKey("tumor", "AP"): c.masks[TUMOR]}), "Case c7 has no tumor mask for PP"),
        (lambda c, b: replace(c, masks={MaskKey("tumor", "", "2"): c.masks[TUMOR]}), "Case c7 has no tumor mask"),
        (lambda c, b: with_masks(c, {TUMOR: b(c.masks[TUMOR].geometry, -1.0)}), "tumor mask of case c7 is empty"),
        (lambda c, b: with_masks(c, {LIVER: b(c.masks[TUMOR].geometry, -1.0)}), "liver mask of case c7 is empty"),
        (
            lambda c, b: with_masks(c, {TUMOR: b(replace(c.masks[TUMOR].geometry, origin=(900.0, 0.0, 0.0)), 7.0)}),
            "tumor mask of case c7 lies wholly outside the AP image",
        ),
        (
            lambda c, b: with_masks(
                c,
                {
                    TUMOR: c.masks[TUMOR].with_array(
                        c.masks[TUMOR].array | b(c.masks[TUMOR].geometry, 3.0, (18, 0, 0)).array
                    )
                },
            ),
            "tumor mask of case c7 has 2 separate parts",
        ),
        (
            lambda c, b: with_phase(c, "PP", c.phases["PP"].with_array(c.phases["PP"].array * np.nan)),
            "The PP phase of case c7 has .* NaN",
        ),
        (
            lambda c, b: with_phase(c, "PP", c.phases["PP"].with_array(c.phases["PP"].array * 0)),
            "Case c7, PP: An image is constant",
        ),
        (
            lambda c, b: with_phase(
                c,
                "AP",
                Volume(
                    c.phases["AP"].array,
                    replace(c.phases["AP"].geometry, direction=((1.0, 0.2, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))),
                ),
            ),
            "The AP phase of case c7 has axes that are not at right angles",
        ),
        (lambda c, b: with_masks(c, {LIVER: c.masks[TUMOR]}), "Case c7, AP: No voxel of the peritumoral shell is left"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence_that_names_the_case(
    case: Case, ball: Ball, change: Callable[[Case, Ball], Case], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        prepare_case(change(case, ball), recipe())
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_tumour_partly_outside_a_phase_is_refused_and_not_made_up(case: Case, geometry: Geometry) -> None:
    # AP ends in the middle of the tumour; what lies beyond was never measured.
    part = Volume(case.phases["AP"].array[:10], replace(geometry, size=(*geometry.size[:2], 10)))
    with pytest.raises(InputError, match=r"\d+ % of the tumour of case c7 lies outside the AP image"):
        prepare_case(with_phase(case, "AP", part), recipe())


def test_a_shell_partly_outside_a_phase_is_cut_there_with_a_notice(case: Case, geometry: Geometry) -> None:
    part = Volume(case.phases["AP"].array[:13], replace(geometry, size=(*geometry.size[:2], 13)))
    found = prepare_case(with_phase(case, "AP", part), recipe())
    assert any("of the shell lay outside the AP image" in text for text in found.notices)
    assert not found.phases["AP"].regions["shell"].array[13:].any()
    assert found.phases["PP"].regions["shell"].array[13:].any()
    own = case.phases["AP"].array[:13].astype(float)
    expected = 100 * (own - own.mean()) / own.std()
    np.testing.assert_allclose(found.phases["AP"].image.array[:13], expected, rtol=1e-4, atol=1e-2)


def test_phases_of_one_frame_come_to_the_reference_grid(case: Case, grid: Grid, ball: Ball) -> None:
    wide = grid(size=(40, 40, 34), spacing=(2.0, 2.0, 2.5), angles=(-8, 12, 5), origin=(-60.0, -12.0, 300.0))
    image = Volume(np.random.default_rng(3).normal(100, 10, wide.shape).astype(np.float32), wide)
    found = prepare_case(with_phase(case, "AP", image), recipe())
    assert found.phases["AP"].image.geometry == case.phases["HBP"].geometry
    assert "AP was resampled to the grid of HBP." in found.notices


def test_phases_of_their_own_frame_keep_their_grid_and_mask(case: Case, grid: Grid, ball: Ball) -> None:
    wide = grid(size=(40, 40, 24), spacing=(1.5, 1.5, 2.5), angles=(0, 0, 0), origin=(500.0, 0.0, 0.0))
    own = ball(wide, 8.0)
    image = Volume(np.random.default_rng(3).normal(100, 10, wide.shape).astype(np.float32), wide)
    moved = with_masks(
        with_phase(case, "AP", image), {MaskKey("tumor", "AP"): own, MaskKey("liver", "AP"): ball(wide, 20.0)}
    )
    found = prepare_case(moved, recipe(frame="phase"))
    assert found.phases["AP"].image.geometry == wide
    np.testing.assert_array_equal(found.phases["AP"].regions["tumor"].array, own.array)
    np.testing.assert_array_equal(found.phases["PP"].regions["tumor"].array, case.masks[TUMOR].array)


def test_modalities_keep_frames_of_their_own(case: Case, grid: Grid, ball: Ball) -> None:
    wide = grid(size=(40, 40, 24), spacing=(1.5, 1.5, 2.5), angles=(0, 0, 0), origin=(500.0, 0.0, 0.0))
    other = replace(wide, size=(60, 60, 24), spacing=(1.0, 1.0, 2.5))
    noise = np.random.default_rng(4)
    computed = {
        role: Volume(noise.normal(50, 10, g.shape).astype(np.float32), g)
        for role, g in (("CT-AP", wide), ("CT-VP", other))
    }
    masks = {
        MaskKey(region, role): ball(wide, radius)
        for role in computed
        for region, radius in (("tumor", 8), ("liver", 20))
    }
    both = with_masks(replace(case, phases={**case.phases, **computed}), masks)
    found = prepare_case(both, recipe(frame="modality", phases=["AP", "HBP", "CT-AP", "CT-VP"], bias_field="none"))
    assert found.phases["CT-VP"].image.geometry == wide
    assert found.phases["AP"].image.geometry.same_grid(case.phases["HBP"].geometry)


def test_masks_drawn_in_each_phase_serve_their_phase(case: Case, ball: Ball) -> None:
    own = ball(case.masks[TUMOR].geometry, 5.0)
    found = prepare_case(with_masks(case, {MaskKey("tumor", "PP"): own}), recipe())
    np.testing.assert_array_equal(found.phases["PP"].regions["tumor"].array, own.array)
    np.testing.assert_array_equal(found.phases["AP"].regions["tumor"].array, case.masks[TUMOR].array)


def test_the_largest_lesion_is_taken_with_a_notice_and_the_others_kept_out(case: Case, ball: Ball) -> None:
    tumor = case.masks[TUMOR]
    small = ball(tumor.geometry, 3.5, (15, 0, 0))
    both = with_masks(case, {TUMOR: tumor.with_array(tumor.array | small.array)})
    found = prepare_case(both, recipe("largest"))
    part = found.phases["AP"]
    np.testing.assert_array_equal(part.regions["tumor"].array, tumor.array)
    assert not (part.regions["shell"].array & small.array).any()
    assert any("2 lesions; the largest" in text for text in found.notices)
    whole = prepare_case(both, recipe("all")).phases["AP"]
    np.testing.assert_array_equal(whole.regions["tumor"].array, tumor.array | small.array)


@pytest.fixture
def several(case: Case, ball: Ball) -> Case:
    """Two lesions as segments of one file, and a vessel."""
    tumor = case.masks[TUMOR]
    small = ball(tumor.geometry, 3.5, (15, 0, 0))
    vein = ball(tumor.geometry, 3.0, (0, 12, 0))
    segments = {"HCC S5": tumor, "HCC S8": small, "vein": vein}
    both = with_masks(case, {TUMOR: tumor.with_array(tumor.array | small.array)})
    return replace(both, segments={"": segments})


@pytest.mark.parametrize("name", ["HCC S8", "hcc s8"])
def test_a_named_lesion_is_taken_and_the_others_kept_out_of_the_shell(several: Case, name: str) -> None:
    found = prepare_case(several, recipe(name))
    part, segments = found.phases["AP"].regions, several.segments[""]
    np.testing.assert_array_equal(part["tumor"].array, segments["HCC S8"].array)
    assert not (part["shell"].array & segments["HCC S5"].array).any()
    assert any("the segment HCC S8 was taken" in text and "HCC S5 kept out" in text for text in found.notices)


def test_what_is_no_lesion_stays_in_the_shell(several: Case) -> None:
    found = prepare_case(several, recipe("HCC S5")).phases["AP"].regions
    assert (found["shell"].array & several.segments[""]["vein"].array).any()


def test_the_largest_of_named_lesions_is_taken_by_name(several: Case) -> None:
    found = prepare_case(several, recipe("largest"))
    np.testing.assert_array_equal(found.phases["AP"].regions["tumor"].array, several.segments[""]["HCC S5"].array)
    assert any("2 lesions; the largest, HCC S5" in text for text in found.notices)
    assert not (found.phases["AP"].regions["shell"].array & several.segments[""]["HCC S8"].array).any()


def test_a_tumour_named_in_the_manifest_keeps_the_other_lesions_out(several: Case) -> None:
    chosen = with_masks(several, {TUMOR: several.segments[""]["HCC S5"]})
    found = prepare_case(chosen, recipe("single"))
    assert not (found.phases["AP"].regions["shell"].array & several.segments[""]["HCC S8"].array).any()
    assert "Other lesions (HCC S8) were kept out of the shell." in found.notices


def test_several_named_lesions_are_refused_where_one_is_expected(several: Case) -> None:
    with pytest.raises(InputError, match=r"case c7 has 2 lesions \(HCC S5, HCC S8\) where one is expected"):
        prepare_case(several, recipe("single"))


def test_a_lesion_of_another_name_is_refused(several: Case, case: Case) -> None:
    with pytest.raises(InputError, match=r"no segment named HCC S2 \(it has HCC S5, HCC S8, vein\)"):
        prepare_case(several, recipe("HCC S2"))
    with pytest.raises(InputError, match=r"no segment named HCC S2 \(it has none with a name\)"):
        prepare_case(case, recipe("HCC S2"))


def test_a_coarse_grid_is_noticed(case: Case, grid: Grid, ball: Ball) -> None:
    coarse = grid(size=(48, 46, 12), spacing=(1.1, 1.2, 6.0), angles=(0, 0, 0))
    noise = np.random.default_rng(1)
    phases = {role: Volume(noise.normal(200, 20, coarse.shape).astype(np.float32), coarse) for role in case.phases}
    found = prepare_case(Case("c8", phases, {TUMOR: ball(coarse, 9.0)}), recipe())
    assert any("less than two of them thick" in text for text in found.notices)


def test_n4_is_for_mr_only(case: Case) -> None:
    negative = case.phases["AP"].with_array(case.phases["AP"].array - 1000)
    with pytest.raises(InputError, match="Case c7, AP: N4 needs an MR image"):
        prepare_case(with_phase(case, "AP", negative), recipe(bias_field="n4"))
    computed = replace(case, phases={**case.phases, "CT-VP": negative})
    prepare_case(computed, recipe(bias_field="none", phases=["CT-VP"], reference_phase="CT-VP"))
    prepare_case(computed, recipe(bias_field="n4", phases=["CT-VP"], reference_phase="CT-VP"))


def test_a_mask_drawn_on_a_registered_phase_moves_with_it() -> None:
    from RadFusionLib.simulation import simulate_case

    simulated = simulate_case(11, 0, ("AP", "PP"))
    plain = simulated.to_case()
    middle = plain.phases["AP"].geometry.corners().mean(axis=0)
    rigid = np.eye(4)
    rigid[:3, :3] = Rotation.from_euler("xyz", (3, -2, 4), degrees=True).as_matrix()
    rigid[:3, 3] = middle + np.array([6.0, -5.0, 4.0]) - rigid[:3, :3] @ middle
    tumor = plain.masks[TUMOR]
    carried = Volume(plain.phases["AP"].array, plain.phases["AP"].geometry.moved(rigid))
    drawn = Volume(tumor.array, tumor.geometry.moved(rigid))
    case = replace(plain, phases={**plain.phases, "PP": carried}, masks={**plain.masks, MaskKey("tumor", "PP"): drawn})
    found = prepare_case(case, recipe(registration="rigid", phases=["AP", "PP"], reference_phase="AP"))
    ours, theirs = (found.phases[role].regions["tumor"].array for role in ("PP", "AP"))
    assert 2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()) > 0.9
    assert any(
        "PP was registered to AP (moved by 8." in text or "PP was registered to AP (moved by 9." in text
        for text in found.notices
    )
