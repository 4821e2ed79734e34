"""Where the recipes, networks and bundles that come with RadFusion lie."""

from __future__ import annotations

from pathlib import Path

__all__ = ["resource"]


def resource(*parts: str) -> Path:
    """Return the path of something in Resources: beneath the package where installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "Resources"
    root = installed if installed.is_dir() else package.parent / "Resources"
    return root.joinpath(*parts)
