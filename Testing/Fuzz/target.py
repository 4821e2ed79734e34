"""What is fuzzed: how an input is made, and how RadFusion takes it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np

__all__ = ["Target"]


class Target(ABC):
    """One kind of input.

    Parameters
    ----------
    folder : Path
        Where inputs are made and read; empty at first.
    """

    name: ClassVar[str]
    reads_anywhere: ClassVar[bool] = False
    """Whether the input may name files outside its folder that are then read."""
    unpacks: ClassVar[bool] = False
    """Whether it is unpacked to the folder of temporary files, which must be empty again afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        """Of the present input."""

    @abstractmethod
    def whole(self) -> list[Path]:
        """Write what is not altered yet; RadFusion must accept each."""

    @abstractmethod
    def mutant(self, rng: np.random.Generator) -> Path:
        """Write an altered input over the last one."""

    @abstractmethod
    def use(self, path: Path) -> None:
        """Do with an input what RadFusion does, up to where its content no longer matters."""
