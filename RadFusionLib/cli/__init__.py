"""The ``radfusion`` command."""

from RadFusionLib.cli.command import main

__all__ = ["main"]
