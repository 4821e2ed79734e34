"""Feature maps: any feature as a volume, computed over a small neighbourhood of each voxel."""

from RadFusionLib.radiomics.maps.feature_maps import feature_maps

__all__ = ["feature_maps"]
