"""The PyRadiomics-compatible engine on the IBSI's digital phantom: what deviates is what the page says deviates."""

from __future__ import annotations

from pathlib import Path

from RadFusionLib.radiomics import RadiomicsSettings, extract
from RadFusionLib.radiomics.ibsi.conformance import digital_phantom, feature_references, is_met
from RadFusionLib.radiomics.names import FEATURES

# PyRadiomics' names in the order of FEATURES, as tags of the IBSI; - where the table has none.
TAGS: dict[str, tuple[str, str]] = {
    "shape": (
        "morph_{}",
        "pca_elongation pca_flatness pca_least_axis pca_maj_axis - - - diam volume pca_min_axis sphericity area_mesh av"
        " vol_approx",
    ),
    "firstorder": (
        "stat_{}",
        "p10 p90 energy - iqr kurt max mad mean median min range rmad rms skew - - var",
    ),
    "glcm": (
        "cm_{}_3D_avg",
        "auto_corr clust_prom clust_shade clust_tend contrast corr diff_avg diff_entr diff_var inv_diff inv_diff_mom"
        " inv_diff_mom_norm inv_diff_norm info_corr1 info_corr2 inv_var joint_avg energy joint_entr - joint_max sum_avg"
        " sum_entr joint_var",
    ),
    "gldm": ("ngl_{}_3D", "dc_entr dcnu dcnu_norm dc_var glnu gl_var hgce hde hdhge hdlge lgce lde ldhge ldlge"),
    "glrlm": (
        "rlm_{}_3D_avg",
        "glnu glnu_norm gl_var hgre lre lrhge lrlge lgre rl_entr rlnu rlnu_norm r_perc rl_var sre srhge srlge",
    ),
    "glszm": (
        "szm_{}_3D",
        "glnu glnu_norm gl_var hgze lze lzhge lzlge lgze zsnu zsnu_norm sze szhge szlge zs_entr z_perc zs_var",
    ),
    "ngtdm": ("ngt_{}_3D", "busyness coarseness complexity contrast strength"),
}


def test_on_the_digital_phantom_kurtosis_and_two_axes_deviate(reference_data: Path) -> None:
    references = {r.tag: r for r in feature_references(reference_data / "ibsi") if r.configuration == "digital phantom"}
    settings = RadiomicsSettings(spacing=None, bin_width=1, image_types=("original",))
    values = extract(*digital_phantom(reference_data / "ibsi"), settings)
    compared, deviating = 0, set()
    for feature_class, (pattern, tags) in TAGS.items():
        for feature, tag in zip(FEATURES[feature_class], tags.split(), strict=True):
            if tag != "-":
                compared += 1
                name = f"original_{feature_class}_{feature}"
                if not is_met(values[name], references[pattern.format(tag)]):
                    deviating.add(f"{feature_class}_{feature}")
    assert compared == 100
    # Kurtosis is not in excess; the covariance behind the axes is divided by n, not n - 1.
    assert deviating == {"firstorder_Kurtosis", "shape_MinorAxisLength", "shape_LeastAxisLength"}
