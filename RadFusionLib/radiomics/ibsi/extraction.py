"""All features of the IBSI reference manual that have a reference value, by their tags."""

from __future__ import annotations

import numpy.typing as npt

from RadFusionLib.radiomics.ibsi.diagnostics import image_diagnostics, region_diagnostics
from RadFusionLib.radiomics.ibsi.directional import co_occurrence, run_lengths
from RadFusionLib.radiomics.ibsi.discretisation import grey_levels
from RadFusionLib.radiomics.ibsi.local_intensity import local_intensity_features
from RadFusionLib.radiomics.ibsi.morphology import morphological_features
from RadFusionLib.radiomics.ibsi.preparation import IbsiRegion, interpolated, resegmented
from RadFusionLib.radiomics.ibsi.settings import IbsiSettings
from RadFusionLib.radiomics.ibsi.sized import dependences, distance_zones, find_zones, size_zones
from RadFusionLib.radiomics.ibsi.statistics import histogram_features, intensity_statistics
from RadFusionLib.radiomics.ibsi.texture_grid import TextureGrid
from RadFusionLib.radiomics.ibsi.tone_difference import tone_differences
from RadFusionLib.radiomics.ibsi.volume_histogram import volume_histogram_features
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["diagnose_ibsi", "extract_ibsi", "ibsi_features"]

Triple = tuple[float, float, float]


def extract_ibsi(
    image: npt.ArrayLike, mask: npt.ArrayLike, spacing: Triple, settings: IbsiSettings
) -> dict[str, float]:
    """Compute the features of a region by the IBSI reference manual (arXiv 1612.07003).

    Parameters
    ----------
    image, mask : (K, J, I) arrays
        Intensities, and the region where not 0.
    spacing : tuple of 3 floats
        Voxel size, millimetres ``(x, y, z)``.
    settings : IbsiSettings
        Processing and aggregation.

    Returns
    -------
    dict of str to float
        Values by the IBSI's tag, e.g. ``stat_mean`` or ``cm_contrast_3D_avg``; a texture's tag ends in its
        aggregation: ``2D_avg`` (by slice and direction), ``2D_comb`` (by slice), ``2_5D_avg`` (by direction),
        ``2_5D_comb``, ``3D_avg``, ``3D_comb``, and ``2D``, ``2_5D``, ``3D`` for matrices without directions.
        Families without a single matrix (no two voxels are neighbours) are left out.

    Raises
    ------
    InputError
        If image and mask do not fit, or no voxel is left.
    """
    return ibsi_features(resegmented(interpolated(image, mask, spacing, settings), settings), settings)


def diagnose_ibsi(
    image: npt.ArrayLike, mask: npt.ArrayLike, spacing: Triple, settings: IbsiSettings
) -> dict[str, float]:
    """Give the diagnostic values of the same processing: of the image and masks at each stage."""
    first = interpolated(image, mask, spacing, IbsiSettings())
    second = interpolated(image, mask, spacing, settings)
    third = resegmented(second, settings)
    return (
        image_diagnostics(first, "init")
        | image_diagnostics(second, "interp")
        | region_diagnostics(first, "init")
        | region_diagnostics(second, "interp")
        | region_diagnostics(third, "reseg")
    )


def ibsi_features(region: IbsiRegion, settings: IbsiSettings) -> dict[str, float]:
    """Compute the features of a region that is interpolated and re-segmented already."""
    limits = settings.resegment_range
    levels = grey_levels(region.values, settings.discretisation, None if limits is None else limits[0])
    result = _tagged("morph", morphological_features(region))
    result |= _tagged("loc", local_intensity_features(region))
    result |= _tagged("stat", intensity_statistics(region.values))
    result |= _tagged("ih", histogram_features(levels))
    result |= _tagged("ivh", volume_histogram_features(region.values, settings.volume_histogram, limits))
    grid = TextureGrid(region, levels, settings.by_slice)
    dimensions = ("2D", "2_5D") if settings.by_slice else ("3D",)
    for dimension in dimensions:
        for aggregation in (f"{dimension}_avg", f"{dimension}_comb"):
            result |= _tagged("cm", co_occurrence(grid, aggregation), aggregation)
            result |= _tagged("rlm", run_lengths(grid, aggregation), aggregation)
    zones = find_zones(grid)
    for dimension in dimensions:
        result |= _tagged("szm", size_zones(grid, zones, dimension), dimension)
        result |= _tagged("dzm", distance_zones(grid, zones, dimension), dimension)
        result |= _tagged("ngt", tone_differences(grid, dimension), dimension)
        result |= _tagged("ngl", dependences(grid, dimension), dimension)
    return result


def response_statistics(region: IbsiRegion, response: FloatArray) -> dict[str, float]:
    """Compute the intensity statistics of a filter's response map within the intensity mask."""
    return _tagged("stat", intensity_statistics(response[region.intensity]))


def _tagged(prefix: str, features: dict[str, float], suffix: str = "") -> dict[str, float]:
    end = f"_{suffix}" if suffix else ""
    return {f"{prefix}_{name}{end}": value for name, value in features.items()}
