"""A reporting checklist, filled as far as the software knows and left open where only the author does."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Checklist", "FilledItem", "Item", "filled_csv"]

FOR_THE_AUTHOR = ""


@dataclass(frozen=True)
class Item:
    """An item: its number, its section, and in our own short words what it asks for."""

    number: str
    section: str
    asks: str


@dataclass(frozen=True)
class FilledItem:
    """An item with what the software knows; an empty ``known`` is left for the author."""

    item: Item
    known: str


@dataclass(frozen=True)
class Checklist:
    """A checklist.

    Parameters
    ----------
    key : str
        For file names.
    name, source : str
        What it is called and where it was published.
    items : tuple of Item
        All of them, in order.
    """

    key: str
    name: str
    source: str
    items: tuple[Item, ...]

    def filled(self, known: Mapping[str, str]) -> tuple[FilledItem, ...]:
        """Every item with its text in ``known``, by number.

        Raises
        ------
        ValueError
            When ``known`` names an item that is not there.
        """
        strange = set(known) - {item.number for item in self.items}
        if strange:
            raise ValueError(f"{self.name} has no item {sorted(strange)}.")
        return tuple(FilledItem(item, known.get(item.number, FOR_THE_AUTHOR)) for item in self.items)


def filled_csv(items: tuple[FilledItem, ...]) -> str:
    """The items as CSV, for the author to complete."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["item", "section", "asks for (in short)", "known to the software", "page or answer (author)"])
    writer.writerows([f.item.number, f.item.section, f.item.asks, f.known, ""] for f in items)
    return stream.getvalue()
