"""The IBSI's permanent code of each feature, by which a value is reported."""

from __future__ import annotations

from RadFusionLib.errors import InputError

__all__ = ["feature_code"]


def feature_code(tag: str) -> str:
    """Give the four-character code of a feature's tag, whatever its aggregation.

    Examples
    --------
    >>> feature_code("cm_contrast_3D_comb")
    'ACUI'

    Raises
    ------
    InputError
        If there is no feature of this tag.
    """
    family, _, feature = tag.partition("_")
    for end in ("_avg", "_comb", "_2_5D", "_2D", "_3D"):  # aggregations are written dimension first
        feature = feature.removesuffix(end)
    code = _CODES.get(family, {}).get(feature)
    if code is None:
        raise InputError(f"There is no IBSI feature {tag!r}.")
    return code


_CODES: dict[str, dict[str, str]] = {
    "morph": {
        "volume": "RNU0", "vol_approx": "YEKZ", "area_mesh": "C0JK", "av": "2PR5", "comp_1": "SKGS",
        "comp_2": "BQWJ", "sph_dispr": "KRCK", "sphericity": "QCFX", "asphericity": "25C7", "com": "KLMA",
        "diam": "L0JK", "pca_maj_axis": "TDIC", "pca_min_axis": "P9VJ", "pca_least_axis": "7J51",
        "pca_elongation": "Q3CK", "pca_flatness": "N17B", "vol_dens_aabb": "PBX1", "area_dens_aabb": "R59B",
        "vol_dens_aee": "6BDE", "area_dens_aee": "RDD2", "vol_dens_conv_hull": "R3ER",
        "area_dens_conv_hull": "7T7F", "integ_int": "99N0", "moran_i": "N365", "geary_c": "NPT7",
    },
    "loc": {
        "peak_loc": "VJGA", "peak_glob": "0F91",
    },
    "stat": {
        "mean": "Q4LE", "var": "ECT3", "skew": "KE2A", "kurt": "IPH6", "median": "Y12H", "min": "1GSF",
        "p10": "QG58", "p90": "8DWT", "max": "84IY", "iqr": "SALO", "range": "2OJQ", "mad": "4FUA", "rmad": "1128",
        "medad": "N72L", "cov": "7TET", "qcod": "9S40", "energy": "N8CA", "rms": "5ZWQ",
    },
    "ih": {
        "mean": "X6K6", "var": "CH89", "skew": "88K1", "kurt": "C3I7", "median": "WIFQ", "min": "1PR8",
        "p10": "GPMT", "p90": "OZ0C", "max": "3NCY", "mode": "AMMC", "iqr": "WR0O", "range": "5Z3W", "mad": "D2ZX",
        "rmad": "WRZB", "medad": "4RNL", "cov": "CWYJ", "qcod": "SLWD", "entropy": "TLU2", "uniformity": "BJ5W",
        "max_grad": "12CE", "max_grad_g": "8E6O", "min_grad": "VQB3", "min_grad_g": "RHQZ",
    },
    "ivh": {
        "v10": "BC2M", "v90": "BC2M", "i10": "GBPN", "i90": "GBPN", "diff_v10_v90": "DDTU", "diff_i10_i90": "CNV2",
    },
    "cm": {
        "joint_max": "GYBY", "joint_avg": "60VM", "joint_var": "UR99", "joint_entr": "TU9B", "diff_avg": "TF7R",
        "diff_var": "D3YU", "diff_entr": "NTRS", "sum_avg": "ZGXS", "sum_var": "OEEB", "sum_entr": "P6QZ",
        "energy": "8ZQL", "contrast": "ACUI", "dissimilarity": "8S9J", "inv_diff": "IB1Z", "inv_diff_norm": "NDRX",
        "inv_diff_mom": "WF0Z", "inv_diff_mom_norm": "1QCO", "inv_var": "E8JP", "corr": "NI2N", "auto_corr": "QWB0",
        "clust_tend": "DG8W", "clust_shade": "7NFM", "clust_prom": "AE86", "info_corr1": "R8DG",
        "info_corr2": "JN9H",
    },
    "rlm": {
        "sre": "22OV", "lre": "W4KF", "lgre": "V3SW", "hgre": "G3QZ", "srlge": "HTZT", "srhge": "GD3A",
        "lrlge": "IVPO", "lrhge": "3KUM", "glnu": "R5YN", "glnu_norm": "OVBL", "rlnu": "W92Y", "rlnu_norm": "IC23",
        "r_perc": "9ZK5", "gl_var": "8CE5", "rl_var": "SXLW", "rl_entr": "HJ9O",
    },
    "szm": {
        "sze": "5QRC", "lze": "48P8", "lgze": "XMSY", "hgze": "5GN9", "szlge": "5RAI", "szhge": "HW1V",
        "lzlge": "YH51", "lzhge": "J17V", "glnu": "JNSA", "glnu_norm": "Y1RO", "zsnu": "4JP3", "zsnu_norm": "VB3A",
        "z_perc": "P30P", "gl_var": "BYLV", "zs_var": "3NSA", "zs_entr": "GU8N",
    },
    "dzm": {
        "sde": "0GBI", "lde": "MB4I", "lgze": "S1RA", "hgze": "K26C", "sdlge": "RUVG", "sdhge": "DKNJ",
        "ldlge": "A7WM", "ldhge": "KLTH", "glnu": "VFT7", "glnu_norm": "7HP3", "zdnu": "V294", "zdnu_norm": "IATH",
        "z_perc": "VIWW", "gl_var": "QK93", "zd_var": "7WT1", "zd_entr": "GBDU",
    },
    "ngt": {
        "coarseness": "QCDE", "contrast": "65HE", "busyness": "NQ30", "complexity": "HDEZ", "strength": "1X9X",
    },
    "ngl": {
        "lde": "SODN", "hde": "IMOQ", "lgce": "TL9H", "hgce": "OAE7", "ldlge": "EQ3F", "ldhge": "JA6D",
        "hdlge": "NBZI", "hdhge": "9QMG", "glnu": "FP8K", "glnu_norm": "5SPA", "dcnu": "Z87G", "dcnu_norm": "OKJI",
        "dc_perc": "6XV8", "gl_var": "1PFV", "dc_var": "DNX2", "dc_entr": "FCBV", "dc_energy": "CAS9",
    },
}  # fmt: skip
