"""The configurations for which the IBSI gives reference values and reference response maps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from RadFusionLib.radiomics.ibsi.filters.fourier import riesz_transform, simoncelli_filter
from RadFusionLib.radiomics.ibsi.filters.gabor import gabor_filter
from RadFusionLib.radiomics.ibsi.filters.laplacian import laplacian_filter
from RadFusionLib.radiomics.ibsi.filters.laws import laws_filter
from RadFusionLib.radiomics.ibsi.filters.mean import mean_filter
from RadFusionLib.radiomics.ibsi.filters.wavelet import wavelet_filter
from RadFusionLib.radiomics.ibsi.settings import Discretisation, IbsiSettings
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["FEATURE_CONFIGURATIONS", "FILTER_CONFIGURATIONS", "RESPONSE_MAPS", "RESPONSE_SETTINGS"]

Triple = tuple[float, float, float]
Filter = Callable[[FloatArray, Triple], FloatArray]

FEATURE_CONFIGURATIONS: dict[str, tuple[IbsiSettings, ...]] = {
    "digital phantom": (IbsiSettings(by_slice=True), IbsiSettings()),
    "config A": (IbsiSettings(by_slice=True, resegment_range=(-500, 400), discretisation=Discretisation(width=25)),),
    "config B": (
        IbsiSettings(
            by_slice=True, spacing=(2, 2, 0), resegment_range=(-500, 400), discretisation=Discretisation(count=32)
        ),
    ),
    "config C": (
        IbsiSettings(
            spacing=(2, 2, 2),
            resegment_range=(-1000, 400),
            discretisation=Discretisation(width=25),
            volume_histogram=Discretisation(width=2.5),
        ),
    ),
    "config D": (IbsiSettings(spacing=(2, 2, 2), outlier_sigma=3, discretisation=Discretisation(count=32)),),
    "config E": (
        IbsiSettings(
            spacing=(2, 2, 2),
            spline_order=3,
            resegment_range=(-1000, 400),
            outlier_sigma=3,
            discretisation=Discretisation(count=32),
            volume_histogram=Discretisation(count=1000),
        ),
    ),
}
"""IBSI 1: the settings whose features together make up a data set's table."""


def _angles(step: float) -> tuple[float, ...]:
    return tuple(np.arange(0, 360, step))


RESPONSE_MAPS: dict[str, tuple[str, Filter]] = {
    "1.a.1": ("checkerboard", lambda x, s: mean_filter(x, 15, "zero")),
    "1.a.2": ("checkerboard", lambda x, s: mean_filter(x, 15, "nearest")),
    "1.a.3": ("checkerboard", lambda x, s: mean_filter(x, 15, "periodic")),
    "1.a.4": ("checkerboard", lambda x, s: mean_filter(x, 15, "mirror")),
    "1.b.1": ("impulse", lambda x, s: mean_filter(x, 15, "zero", by_slice=True)),
    "2.a": ("impulse", lambda x, s: laplacian_filter(x, s, 3, "zero")),
    "2.b": ("checkerboard", lambda x, s: laplacian_filter(x, s, 5, "mirror")),
    "2.c": ("checkerboard", lambda x, s: laplacian_filter(x, s, 5, "mirror", by_slice=True)),
    "3.a.1": ("impulse", lambda x, s: laws_filter(x, "E5L5S5", "zero")),
    "3.a.2": ("impulse", lambda x, s: laws_filter(x, "E5L5S5", "zero", invariant=True)),
    "3.a.3": ("impulse", lambda x, s: laws_filter(x, "E5L5S5", "zero", invariant=True, energy=7)),
    "3.b.1": ("checkerboard", lambda x, s: laws_filter(x, "E3W5R5")),
    "3.b.2": ("checkerboard", lambda x, s: laws_filter(x, "E3W5R5", invariant=True)),
    "3.b.3": ("checkerboard", lambda x, s: laws_filter(x, "E3W5R5", invariant=True, energy=7)),
    "3.c.1": ("checkerboard", lambda x, s: laws_filter(x, "L5S5")),
    "3.c.2": ("checkerboard", lambda x, s: laws_filter(x, "L5S5", invariant=True)),
    "3.c.3": ("checkerboard", lambda x, s: laws_filter(x, "L5S5", invariant=True, energy=7)),
    "4.a.1": ("impulse", lambda x, s: gabor_filter(x, s, 10, 4, 0.5, (60,), "zero")),
    "4.a.2": ("impulse", lambda x, s: gabor_filter(x, s, 10, 4, 0.5, _angles(45), "zero", all_planes=True)),
    "4.b.1": ("sphere", lambda x, s: gabor_filter(x, s, 20, 8, 2.5, (225,))),
    "4.b.2": ("sphere", lambda x, s: gabor_filter(x, s, 20, 8, 2.5, _angles(22.5), all_planes=True)),
    "5.a.1": ("impulse", lambda x, s: wavelet_filter(x, "db2", "LHL", boundary="zero")),
    "5.a.2": ("impulse", lambda x, s: wavelet_filter(x, "db2", "LHL", boundary="zero", invariant=True)),
    "6.a.1": ("sphere", lambda x, s: wavelet_filter(x, "coif1", "HHL", boundary="periodic")),
    "6.a.2": ("sphere", lambda x, s: wavelet_filter(x, "coif1", "HHL", boundary="periodic", invariant=True)),
    "7.a.1": ("checkerboard", lambda x, s: wavelet_filter(x, "haar", "LLL", level=2, invariant=True)),
    "7.a.2": ("checkerboard", lambda x, s: wavelet_filter(x, "haar", "HHH", level=2, invariant=True)),
    "8.a.1": ("checkerboard", lambda x, s: simoncelli_filter(x, 1, "periodic")),
    "8.a.2": ("checkerboard", lambda x, s: simoncelli_filter(x, 2, "periodic")),
    "8.a.3": ("checkerboard", lambda x, s: simoncelli_filter(x, 3, "periodic")),
    "9.a": ("impulse", lambda x, s: riesz_transform(laplacian_filter(x, s, 3, "zero"), (1, 0, 0))),
    "9.b.1": ("sphere", lambda x, s: riesz_transform(laplacian_filter(x, s, 3, "zero"), (0, 2, 0))),
    "10.b.1": ("pattern_1", lambda x, s: simoncelli_filter(x, 1, "nearest", riesz=(0, 2, 0))),
}
"""IBSI 2, phase 1: phantom and filter by the name of the reference response map."""

RESPONSE_SETTINGS: dict[str, IbsiSettings] = {
    "A": IbsiSettings(by_slice=True, resegment_range=(-1000, 400)),
    "B": IbsiSettings(spacing=(1, 1, 1), spline_order=3, resegment_range=(-1000, 400)),
}
"""IBSI 2, phase 2: the processing of the CT phantom before the filter."""

FILTER_CONFIGURATIONS: dict[str, tuple[Filter, int | None]] = {
    "1.A": (lambda x, s: x, 0),
    "1.B": (lambda x, s: x, 0),
    "2.A": (lambda x, s: mean_filter(x, 5, by_slice=True), 2),
    "2.B": (lambda x, s: mean_filter(x, 5), 2),
    "3.A": (lambda x, s: laplacian_filter(x, s, 1.5, by_slice=True), 6),
    "3.B": (lambda x, s: laplacian_filter(x, s, 1.5), 6),
    "4.A": (lambda x, s: laws_filter(x, "L5E5", invariant=True, energy=7), 9),
    "4.B": (lambda x, s: laws_filter(x, "L5E5E5", invariant=True, energy=7), 9),
    "5.A": (lambda x, s: gabor_filter(x, s, 5, 2, 1.5, _angles(22.5)), 26),
    "5.B": (lambda x, s: gabor_filter(x, s, 5, 2, 1.5, _angles(22.5), all_planes=True), 26),
    "6.A": (lambda x, s: wavelet_filter(x, "db3", "LH", invariant=True), 3),
    "6.B": (lambda x, s: wavelet_filter(x, "db3", "LLH", invariant=True), 3),
    "7.A": (lambda x, s: wavelet_filter(x, "db3", "HH", level=2, invariant=True), 9),
    "7.B": (lambda x, s: wavelet_filter(x, "db3", "HHH", level=2, invariant=True), 9),
    "8.A": (lambda x, s: simoncelli_filter(x, 1, "periodic", by_slice=True), None),
    "8.B": (lambda x, s: simoncelli_filter(x, 1, "periodic"), None),
    "9.A": (lambda x, s: simoncelli_filter(x, 2, "periodic", by_slice=True), None),
    "9.B": (lambda x, s: simoncelli_filter(x, 2, "periodic"), None),
}
"""IBSI 2, phase 2: the filter, and how many voxels beyond the region it can see (None: the whole image).

The images are mirrored at their edge, but for 8 and 9: their reference values follow when the Fourier transform is
taken of the image itself, which is periodic.
"""
