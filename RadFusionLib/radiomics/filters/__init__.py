"""The filters: from the prepared image to the images that features are computed on.

Each gives its image on the same grid, axes (K, J, I), in the number type that the reference has at that place,
since the rounding of single precision and of whole numbers is visible in the features.
"""
