"""Images that a network can tell apart: fine noise and coarse noise."""

import numpy as np
from scipy.ndimage import gaussian_filter


def two_textures(count, size, dimensions=2, seed=0):
    """Images (count, size, ...) in [0, 1] and their labels, 1 for the coarse ones."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    images = np.empty((count, *(size,) * dimensions), np.float32)
    for image, label in zip(images, labels, strict=True):
        noise = gaussian_filter(rng.normal(size=image.shape), 3.0 if label else 1.0)
        image[:] = np.clip(0.5 + 0.2 * noise / noise.std(), 0, 1)
    return images, labels
