"""How training images are turned, flipped and cropped, by MONAI's transforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    from monai.transforms import Compose

__all__ = ["Augmentation"]


@dataclass(frozen=True)
class Augmentation:
    """What is done to images before a network sees them.

    Parameters
    ----------
    flips : bool
        Flip along each axis with probability 1/2 in training.
    quarter_turns : bool
        Turn by 0 to 3 quarters within the last two axes in training, with probability 1/2.
    crop : int, optional
        Edge of the part a network sees: at a random place in training, in the middle otherwise.
    """

    flips: bool = False
    quarter_turns: bool = False
    crop: int | None = None

    def training(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Augment images, shape (n, S, S) or (n, S, S, S), each in its own way drawn from ``generator``."""
        self._check(images)
        transform = self._transform(images.ndim - 1)
        if transform is None:
            return images
        transform.set_random_state(seed=int(generator.integers(2**31)))
        return np.stack([_plain(transform(image[None]))[0] for image in images])

    def prediction(self, images: np.ndarray) -> np.ndarray:
        """The middle of images, shape (n, S, S) or (n, S, S, S)."""
        self._check(images)
        if self.crop is None or self.crop == images.shape[-1]:
            return images
        first = images.shape[-1] // 2 - self.crop // 2
        part = slice(first, first + self.crop)
        return images[(slice(None), *(part,) * (images.ndim - 1))]

    def _transform(self, dimensions: int) -> Compose | None:
        from monai import transforms

        steps: list[Any] = []
        if self.flips:
            steps += [transforms.RandFlip(0.5, axis) for axis in range(dimensions)]
        if self.quarter_turns:
            steps.append(transforms.RandRotate90(0.5, spatial_axes=(dimensions - 2, dimensions - 1)))
        if self.crop is not None:
            steps.append(transforms.RandSpatialCrop((self.crop,) * dimensions, random_size=False))
        return transforms.Compose(steps) if steps else None

    def _check(self, images: np.ndarray) -> None:
        if self.crop is not None and not 1 <= self.crop <= images.shape[-1]:
            raise InputError(
                f"Images of {images.shape[-1]} pixels cannot be cropped to {self.crop}; "
                "prepare them larger, or crop less."
            )


def _plain(image: Any) -> np.ndarray:
    """A transform's result as an array without MONAI's records."""
    return np.asarray(image.numpy() if hasattr(image, "numpy") else image, np.float32)
