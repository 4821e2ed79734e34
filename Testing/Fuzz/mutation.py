"""Odd bytes, odd values and odd documents, drawn from a generator so that each can be made again."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

__all__ = ["OUTSIDE", "WORDS", "mutated_bytes", "mutated_document", "mutated_text", "odd_value", "pick"]

OUTSIDE = "../../outside/canary"
"""A file away from the folder that an input may use; whoever opens it is found out."""

WORDS = (
    "",
    " ",
    ".",
    "..",
    "../../../../etc/passwd",
    "/etc/passwd",
    f"{OUTSIDE}.nrrd",
    f"{OUTSIDE}.csv",
    "\\\\server\\share\\x.nrrd",
    "//server/share/x.nrrd",
    "file:///etc/passwd",
    "http://127.0.0.1:9/x.nrrd",
    "CON",
    "/dev/zero",
    "/dev/stdin",
    "pipe",
    "a\0b",
    "a\nb",
    "\x1b[2J\x1b]0;title\x07",
    "\u202egpj.exe",
    "\ud800",
    "A" * 300,
    "A" * 20_000,
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "{{7*7}}",
    "%s%n%x",
    "{0.__class__}",
    "$(touch touched)",
    "; touch touched",
    "=cmd|' /c calc'!A1",
    "__import__('os').system('touch touched')",
    "!!python/object/apply:os.system ['touch touched']",
    "cos\nsystem\n(S'touch touched'\ntR.",
    "nan",
    "-inf",
    "1e999",
    "0x7fffffff",
    "9" * 5000,
    "1:1:1:1:1:1:1:1",
    "true",
    "null",
)
NUMBERS = (
    0, 1, -1, 2, 3, 127, 255, 256, 32767, -32768, 65535, 65536, 2**31 - 1, -(2**31), 2**32 - 1, 2**53 + 1, 2**63,
    -(2**63), 10**30, 0.5, -0.0, 1e-320, 1e308, -1e308, math.nan, math.inf, -math.inf,
)  # fmt: skip
MOST = 6
"""Changes to one input."""

DEEPEST = 400
"""Levels of lists within lists: what can still be copied and written by recursion."""


def pick(rng: np.random.Generator, choices: Any) -> Any:
    """One of a sequence, itself and not numpy's copy of it."""
    return choices[int(rng.integers(len(choices)))]


def odd_value(rng: np.random.Generator, like: Any = None) -> Any:
    """A value that nobody expects, half the time of the kind that stood there."""
    if isinstance(like, bool | int | float) and rng.random() < 0.5:
        return pick(rng, NUMBERS) if rng.random() < 0.6 else type(like)(rng.normal() * 10.0 ** rng.integers(0, 6))
    if isinstance(like, str) and rng.random() < 0.5:
        return mutated_text(like, rng) if rng.random() < 0.5 else pick(rng, WORDS)
    if isinstance(like, list) and like and rng.random() < 0.5:
        return like * int(rng.integers(2, 5)) if rng.random() < 0.5 else like[: int(rng.integers(len(like)))]
    return pick(rng, (_number, _word, _empty, _deep, _many))(rng)


def _number(rng: np.random.Generator) -> Any:
    return pick(rng, NUMBERS)


def _word(rng: np.random.Generator) -> Any:
    return pick(rng, WORDS)


def _empty(rng: np.random.Generator) -> Any:
    return copy.deepcopy(pick(rng, (None, True, False, [], {}, [[]], {"": None}, [None], {"kind": "pickle"})))


def _deep(rng: np.random.Generator) -> Any:
    value: Any = pick(rng, (0, "x", None))
    for _ in range(pick(rng, (3, 50, DEEPEST))):
        value = [value] if rng.random() < 0.5 else {"a": value}
    return value


def _many(rng: np.random.Generator) -> Any:
    count = pick(rng, (100, 20_000))
    return [0] * count if rng.random() < 0.5 else {str(number): number for number in range(count)}


def mutated_document(document: Any, rng: np.random.Generator) -> Any:
    """A JSON or YAML document with a few of its entries replaced, removed, renamed, doubled or exchanged."""
    changed = {"document": copy.deepcopy(document)}
    for _ in range(int(rng.integers(1, MOST))):
        places = list(_places(changed))
        if not places:
            break
        container, key = pick(rng, places)
        with suppress(RecursionError):
            pick(rng, (_replace, _replace, _replace, _remove, _rename, _exchange))(container, key, places, rng)
    return changed.get("document")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every entry as its container and its key, the upper ones as often as the many below them."""
    waiting = [value]
    while waiting:
        container = waiting.pop()
        entries = list(container.items()) if isinstance(container, dict) else list(enumerate(container))
        for key, entry in entries[:200]:
            yield container, key
            if isinstance(entry, dict | list):
                waiting.append(entry)


def _replace(container: Any, key: Any, places: Any, rng: np.random.Generator) -> None:
    container[key] = odd_value(rng, container[key])


def _remove(container: Any, key: Any, places: Any, rng: np.random.Generator) -> None:
    del container[key]


def _rename(container: Any, key: Any, places: Any, rng: np.random.Generator) -> None:
    if isinstance(container, dict):
        container[pick(rng, WORDS)] = container.pop(key)


def _exchange(container: Any, key: Any, places: Any, rng: np.random.Generator) -> None:
    other, name = pick(rng, places)
    # A copy: a document that holds itself is no document.
    container[key] = copy.deepcopy(other[name])


def mutated_text(text: str, rng: np.random.Generator) -> str:
    """A text with a few lines or words replaced, removed, doubled or exchanged."""
    for _ in range(int(rng.integers(1, MOST))):
        separator = pick(rng, ("\n", "\n", " ", ",", ":"))
        parts = text.split(separator)
        place = int(rng.integers(len(parts)))
        change: Callable[[], list[str]] = pick(
            rng,
            (
                lambda parts=parts, at=place: [*parts[:at], *parts[at + 1 :]],
                lambda parts=parts, at=place: [*parts[:at], parts[at], parts[at], *parts[at + 1 :]],
                lambda parts=parts, at=place: [*parts[:at], str(odd_value(rng, "x")), *parts[at + 1 :]],
                lambda parts=parts, at=place: [*parts[:at], str(pick(rng, NUMBERS)), *parts[at + 1 :]],
                lambda parts=parts, at=place: [*parts[:at], pick(rng, parts), *parts[at + 1 :]],
            ),
        )
        text = separator.join(change())
    return text


def mutated_bytes(data: bytes, rng: np.random.Generator, header: int = 0) -> bytes:
    """Bytes flipped, overwritten, cut out, doubled or cut off.

    Parameters
    ----------
    data : bytes
        What was whole.
    rng : numpy.random.Generator
        Decides.
    header : int
        How many bytes at the start carry meaning; half of the changes are made there.
    """
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, MOST))):
        end = min(header, len(changed)) if header and rng.random() < 0.5 else len(changed)
        if not end:
            break
        at = int(rng.integers(end))
        pick(rng, (_flip, _flip, _overwrite, _number_bytes, _number_bytes, _cut, _double, _truncate))(changed, at, rng)
    return bytes(changed)


def _flip(data: bytearray, at: int, rng: np.random.Generator) -> None:
    data[at] ^= 1 << int(rng.integers(8))


def _overwrite(data: bytearray, at: int, rng: np.random.Generator) -> None:
    length = int(rng.integers(1, 9))
    data[at : at + length] = pick(rng, (b"\0" * length, b"\xff" * length, rng.bytes(length)))


def _number_bytes(data: bytearray, at: int, rng: np.random.Generator) -> None:
    kind = pick(rng, ("<i2", ">i2", "<i4", ">i4", "<i8", "<f4", "<f8"))
    with np.errstate(all="ignore"):
        number = pick(rng, [n for n in NUMBERS if abs(n) < 2**31] if "i" in kind else NUMBERS)
        raw = np.asarray([number], dtype=np.float64).astype(kind).tobytes()
    data[at : at + len(raw)] = raw


def _cut(data: bytearray, at: int, rng: np.random.Generator) -> None:
    del data[at : at + int(rng.integers(1, 64))]


def _double(data: bytearray, at: int, rng: np.random.Generator) -> None:
    data[at:at] = data[at : at + int(rng.integers(1, 64))]


def _truncate(data: bytearray, at: int, rng: np.random.Generator) -> None:
    if rng.random() < 0.3:
        del data[at:]
