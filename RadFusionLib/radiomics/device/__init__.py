"""The same features with torch on a GPU: what grows with the voxels runs there."""
