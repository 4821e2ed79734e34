"""What stands more than once in a column or a header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

__all__ = ["repeated"]


def repeated(words: Iterable[str]) -> list[str]:
    """Give the words that occur more than once, sorted, in time that grows with their number alone."""
    return sorted(word for word, count in Counter(words).items() if count > 1)
