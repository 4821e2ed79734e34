"""The errors RadFusion raises: each message is one sentence for the person who must mend it."""

from __future__ import annotations

__all__ = [
    "BundleError",
    "Cancelled",
    "InputError",
    "ManifestError",
    "MissingPackageError",
    "RadFusionError",
    "RecipeError",
]


LONGEST = 1200
"""Characters of a sentence; what a file makes longer is cut out of its middle."""


class RadFusionError(Exception):
    """Base of all errors raised on purpose; ``str(error)`` is one sentence for the user.

    Names and values that it quotes come from files of strangers: what could steer a terminal, hide or break the line
    is shown escaped, and the middle of what is too long is left out.
    """

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) > LONGEST:
            text = f"{text[: LONGEST * 2 // 3]} ... {text[-LONGEST // 4 :]}"
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class InputError(RadFusionError):
    """An image, mask or value that cannot be used; the sentence names it and the mend."""


class ManifestError(InputError):
    """A manifest that cannot be read as the contract says."""


class RecipeError(InputError):
    """A recipe that is malformed, unknown, or does not fit what it is applied to."""


class BundleError(InputError):
    """A bundle that is malformed, altered, of an unknown schema, or does not fit the case."""


class MissingPackageError(RadFusionError):
    """A package that an optional path needs is not installed; the sentence names it."""


class Cancelled(RadFusionError):
    """The caller asked to stop; nothing half-written is left."""
