"""Single instructions of the processor that Numba has no name for, for use within kernels."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

__all__ = ["count_bits", "lowest_bit"]

_instruction: Any = intrinsic  # untyped: what a kernel sees is not the Python function


@_instruction
def count_bits(typingctx, x):  # type: ignore[no-untyped-def]
    """Give the number of bits that are 1 in an integer."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.ctpop(arguments[0])

    return x(x), code


@_instruction
def lowest_bit(typingctx, x):  # type: ignore[no-untyped-def]
    """Give the position of the lowest bit that is 1 in an integer other than 0."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], context.get_constant(types.boolean, True))

    return x(x), code
