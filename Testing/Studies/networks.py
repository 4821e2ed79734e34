"""One step of every full-size network with its paper's settings: time and memory, each in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from RadFusionLib.deep import (
    PatchNetworkClassifier,
    RegionNetworkClassifier,
    SliceNetworkClassifier,
    extract,
    random_weights,
)
from RadFusionLib.deep.patch_classifier import PATCH_TRAINING
from RadFusionLib.deep.region_classifier import REGION_TRAINING
from RadFusionLib.deep.slice_classifier import SLICE_TRAINING
from RadFusionLib.progress import ProgressCallback, Stage


def run(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """Time and peak memory by network, one after another on one core."""
    stage, figures = Stage(progress), {}
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for number, name in enumerate(STEPS):
        stage(number / len(STEPS), name)
        done = subprocess.run(
            [sys.executable, __file__, name], check=True, env=environment, stdout=subprocess.PIPE, text=True
        )
        figures[name] = json.loads(done.stdout)
    return figures


def _slices() -> tuple[int, Callable[[], object]]:
    images, labels = _images(SLICE_TRAINING.batch, 256, 2)
    classifier = SliceNetworkClassifier(weights="random", training=replace(SLICE_TRAINING, epochs=1))
    return len(images), lambda: classifier.fit(images, labels)


def _frozen_features() -> tuple[int, Callable[[], object]]:
    images, _ = _images(9, 224, 2)
    weights = random_weights("resnet50")
    return len(images), lambda: extract(weights, images, normalisation="imagenet")


def _patches() -> tuple[int, Callable[[], object]]:
    images, labels = _images(PATCH_TRAINING.batch, 128, 2)
    classifier = PatchNetworkClassifier(training=replace(PATCH_TRAINING, epochs=1))
    return len(images), lambda: classifier.fit(images, labels, labels)


def _regions() -> tuple[int, Callable[[], object]]:
    images, labels = _images(REGION_TRAINING.batch, 64, 3)
    classifier = RegionNetworkClassifier(weights="random", training=replace(REGION_TRAINING, epochs=1))
    return len(images), lambda: classifier.fit(images, labels)


def _whole_regions() -> tuple[int, Callable[[], object]]:
    images, labels = _images(8, 64, 3)
    training = replace(REGION_TRAINING, epochs=1, batch=8)
    classifier = RegionNetworkClassifier(weights="random", training=training, fine_tune="all")
    return len(images), lambda: classifier.fit(images, labels)


STEPS: dict[str, Callable[[], tuple[int, Callable[[], object]]]] = {
    "000: ResNet-101, all layers, a batch of 32 slices": _slices,
    "001: ResNet-50, frozen features of 9 slices (a patient)": _frozen_features,
    "002: ResNet-18 3D, classifier only, a batch of 32 cubes": _regions,
    "002: ResNet-18 3D, all layers, a batch of 8 cubes": _whole_regions,
    "004: ResNet-50 from scratch, a batch of 128 patches": _patches,
}


def _images(count: int, size: int, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    images = np.random.default_rng(0).random((count, *(size,) * dimensions), dtype=np.float32)
    return images, np.arange(count) % 2


def main() -> None:
    """Measure the step named on the command line."""
    count, step = STEPS[sys.argv[1]]()
    before, begun = time.process_time(), time.perf_counter()
    step()
    print(
        json.dumps(
            {
                "inputs": count,
                "cpu_seconds": round(time.process_time() - before, 1),
                "wall_seconds": round(time.perf_counter() - begun, 1),
                "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
