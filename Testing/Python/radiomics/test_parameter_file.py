"""Parameter files of PyRadiomics give the names and the values that PyRadiomics gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics import RadiomicsSettings, extract_images, feature_names, read_parameter_file
from RadFusionLib.radiomics.parameter_file import parse_parameters

TOLERANCE = 1e-6


def test_values(variation_name: str, variation: Any, variation_reference: dict[str, dict[str, float]]) -> None:
    expected = variation_reference[variation_name]
    phantom, mask = variation.phantom, variation.mask
    parameters = parse_parameters(variation.parameters)
    values = parameters.extract(phantom.image, mask, phantom.spacing)
    assert set(values) == set(expected) == set(parameters.feature_names)
    differing = {}
    for name, value in values.items():
        close = abs(value - expected[name]) <= TOLERANCE * max(abs(expected[name]), 1e-3)
        if not (close or (np.isnan(value) and np.isnan(expected[name]))):
            differing[name] = (value, expected[name])
    assert not differing


@pytest.mark.parametrize(
    ("file", "count"),
    [
        # The counts are those of PyRadiomics 3.0.1 on a region where every image type can be computed.
        ("Params.yaml", 100),
        ("exampleCT.yaml", 1218),
        ("exampleMR_3mm.yaml", 1132),
        ("exampleMR_5mm.yaml", 960),
        ("exampleMR_NoResampling.yaml", 702),
        ("MR_2D_extraction.yaml", 828),
        ("exampleVoxel.yaml", 1),
    ],
)
def test_example_files_are_read_as_they_are(reference_data: Path, file: str, count: int) -> None:
    parameters = read_parameter_file(reference_data / "pyradiomics" / "exampleSettings" / file)
    assert len(parameters.feature_names) == len(set(parameters.feature_names)) == count


def test_feature_counts_of_the_recipes() -> None:
    everything = RadiomicsSettings()
    assert len(feature_names(everything)) == 1781  # 14 of shape, 19 images of 93
    without_two = RadiomicsSettings(
        image_types=("original", "log", "wavelet"), log_sigmas=(2, 3, 4, 5),
        excluded_features=("glcm_SumAverage", "glcm_MCC"),
    )  # fmt: skip
    assert len(feature_names(without_two)) == 14 + 13 * 91 == 1197
    assert len(feature_names(RadiomicsSettings(image_types=("original",)))) == 107


def test_a_value_that_is_left_empty_is_the_default() -> None:
    empty = parse_parameters({"setting": {"binWidth": None, "resampledPixelSpacing": None, "weightingNorm": None}})
    assert empty == parse_parameters({})
    assert empty.groups[0].bin_width == 25
    assert empty.groups[0].spacing is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"settings": {}}, "Unknown section 'settings'"),
        ({"setting": {"binwidth": 5}}, "Unknown key 'binwidth' in setting"),
        ({"imageType": {"Wavelets": {}}}, "Unknown image type 'Wavelets'"),
        ({"imageType": {"LoG": {"sigmas": [1]}}}, "Unknown key 'sigmas' in imageType LoG"),
        ({"featureClass": {"glcms": None}}, "Unknown feature class 'glcms'"),
        ({"featureClass": {"glcm": ["Dissimilarity"]}}, "Unknown or deprecated feature 'Dissimilarity'"),
        ({"voxelSetting": {"radius": 1}}, "Unknown key 'radius' in voxelSetting"),
        ({"setting": [5]}, "setting must be a mapping"),
        ({"setting": {"binWidth": "wide"}}, "value of the wrong type"),
        ({"imageType": {"LoG": {"sigma": 2}}}, "value of the wrong type"),
        ({"featureClass": {"shape2D": None}}, "set force_2d too"),
        ([], "mapping with the sections"),
    ],
)
def test_what_is_unknown_is_said_in_a_sentence(content: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_parameters(content)


def test_unknown_wavelet(tumour: Any) -> None:
    parameters = parse_parameters({"imageType": {"Wavelet": {"wavelet": "coiflet"}}})
    with pytest.raises(InputError, match="Unknown wavelet 'coiflet'"):
        parameters.extract(tumour.image, tumour.mask, tumour.spacing)


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml cannot be read"):
        read_parameter_file(tmp_path / "absent.yaml")
    file = tmp_path / "wrong.yaml"
    file.write_text("setting: [", encoding="utf-8")
    with pytest.raises(InputError, match=r"wrong\.yaml is not valid YAML"):
        read_parameter_file(file)
    file.write_text("setting: {bins: 3}", encoding="utf-8")
    with pytest.raises(InputError, match=r"wrong\.yaml: Unknown key 'bins'"):
        read_parameter_file(file)


def test_flat_shape_of_a_thick_region_has_a_reason(tumour: Any) -> None:
    parameters = parse_parameters({"featureClass": {"shape2D": None}, "setting": {"force2D": True}})
    values = parameters.extract(tumour.image, tumour.mask, tumour.spacing)
    assert np.isnan(values["original_shape2D_Perimeter"])
    assert "planes" in values.reasons["original_shape2D_Perimeter"]


class TestImagePair:
    @pytest.fixture
    def image(self, tumour: Any) -> sitk.Image:
        image = sitk.GetImageFromArray(tumour.image)
        image.SetSpacing(tumour.spacing)
        image.SetOrigin((10.0, -20.0, 5.0))
        return image

    @pytest.fixture
    def mask(self, tumour: Any, image: sitk.Image) -> sitk.Image:
        mask = sitk.GetImageFromArray(tumour.mask.astype(np.uint8))
        mask.CopyInformation(image)
        return mask

    @pytest.fixture
    def expected(self, tumour: Any) -> dict[str, float]:
        return dict(parse_parameters({}).extract(tumour.image, tumour.mask, tumour.spacing))

    def test_as_arrays(self, image: sitk.Image, mask: sitk.Image, expected: dict[str, float]) -> None:
        assert extract_images(image, mask, parse_parameters({})) == pytest.approx(expected)

    def test_component_of_a_mask(self, image: sitk.Image, mask: sitk.Image, expected: dict[str, float]) -> None:
        both = sitk.Compose(mask * 0, mask)
        assert extract_images(image, both, parse_parameters({"setting": {"label_channel": 1}})) == pytest.approx(
            expected
        )
        with pytest.raises(InputError, match="has 2 components"):
            extract_images(image, both, parse_parameters({"setting": {"label_channel": 2}}))

    def test_tolerance(self, image: sitk.Image, mask: sitk.Image, expected: dict[str, float]) -> None:
        mask.SetOrigin((10.001, -20.0, 5.0))
        with pytest.raises(InputError, match="differ in geometry"):
            extract_images(image, mask, parse_parameters({}))
        loose = parse_parameters({"setting": {"geometryTolerance": 0.01}})
        assert extract_images(image, mask, loose) == pytest.approx(expected)

    def test_corrected_mask(self, image: sitk.Image, mask: sitk.Image, expected: dict[str, float]) -> None:
        correct = parse_parameters({"setting": {"correctMask": True}})
        cropped = sitk.RegionOfInterest(mask, [20, 22, 10], [2, 2, 1])
        assert extract_images(image, cropped, correct) == pytest.approx(expected)
        cropped.SetOrigin((0.0, -20.0, 5.0))
        with pytest.raises(InputError, match="beyond the image"):
            extract_images(image, cropped, correct)
