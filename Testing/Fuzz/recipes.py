"""Recipes from strangers: altered YAML, and YAML that means mischief."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import yaml
from mutation import mutated_bytes, mutated_document, mutated_text, pick
from target import Target

from RadFusionLib.fusion.step_check import check_steps
from RadFusionLib.recipe import Recipe, load_recipe
from RadFusionLib.resources import resource
from RadFusionLib.workflow.extraction import conventional_settings

__all__ = ["Recipes"]

ROUNDS = 9
MISCHIEF = (
    "!!python/object/apply:os.system ['touch touched']",
    "!!python/object/new:subprocess.Popen [['touch', 'touched']]",
    "a: &a [!!python/name:os.system , *a]",
    "a: &a [*a]",
    "&a {name: x, imaging: *a}",
    "\n".join(
        ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, ROUNDS)]
    ),
    "\n".join(["a0: &a0 {x: 1}"] + [f"a{n}: &a{n} {{l: *a{n - 1}, r: *a{n - 1}}}" for n in range(1, 40)]),
    "[" * 5000,
    "{a: " * 5000,
    "- " * 5000,
    "name: " + "9" * 100_000,
    "name: 2026-02-31",
    "name: !!binary aGVsbG8=",
    "name: !!set {a, b}",
    "? [a, b]\n: c",
    "%YAML 9.9\n---\nname: x",
    "name: x\n---\nname: y",
    "<<: [1, 2]",
    "name: 1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1",
)


class Recipes(Target):
    """The recipes that come with RadFusion, altered; then loaded, and everything asked that a run would ask."""

    name: ClassVar[str] = "recipes"

    def whole(self) -> list[Path]:
        texts = [path.read_text(encoding="utf-8") for path in sorted(resource("Recipes").glob("*.yaml"))]
        paths = []
        for number, text in enumerate(texts):
            paths.append(self.folder / f"{number}.yaml")
            paths[-1].write_text(text, encoding="utf-8")
        self._texts, self._path = texts, self.folder / "r.yaml"
        return paths

    def mutant(self, rng: np.random.Generator) -> Path:
        text = pick(rng, self._texts)
        way = int(rng.integers(5))
        if way == 0:
            data = mutated_bytes(text.encode(), rng)
        elif way == 1:
            data = mutated_text(text, rng).encode("utf-8", "surrogatepass")
        elif way == 2 and rng.random() < 0.5:
            line = pick(rng, MISCHIEF)
            data = (line if rng.random() < 0.5 else f"{text}\n{line}\n").encode()
        else:
            data = _dumped(mutated_document(yaml.safe_load(text), rng))
        self._path.write_bytes(data)
        return self._path

    def use(self, path: Path) -> None:
        recipe = load_recipe(path, ("paper", "small")[self.number % 2])
        for name in dir(Recipe):
            # A recipe whose models all have a classifier of their own has none itself.
            if isinstance(getattr(Recipe, name), property) and (name != "classifier" or recipe.document[name]):
                getattr(recipe, name)
        check_steps(recipe)
        if "cr" in recipe.image_families:
            conventional_settings(recipe)


def _dumped(document: Any) -> bytes:
    """As JSON, which is YAML too and quickly written."""
    try:
        return json.dumps(document).encode()
    except (TypeError, ValueError, RecursionError):
        return b"name: [\n"
