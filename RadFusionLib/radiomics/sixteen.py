"""Sixteen numbers side by side: a Numba type for kernels that the compiler would not vectorise by itself.

LLVM cuts the sixteen to whatever registers the processor has, so the same kernel runs everywhere, with the rounding
of the same operations done one by one. ``+``, ``-``, ``*``, ``/`` and ``|`` work between two such values, and with a
single number, which then stands for sixteen.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

__all__ = ["WIDTH", "Sixteen", "fused", "load", "same", "store", "where_at_least", "where_equal"]

_instruction: Any = intrinsic  # untyped: what a kernel sees is not the Python function

WIDTH = 16


class Sixteen(types.Type):
    """Numba's type of sixteen numbers of one type."""

    def __init__(self, element: Any) -> None:
        self.element = element
        super().__init__(name=f"Sixteen({element})")


@register_model(Sixteen)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Sixteen) -> None:
        element = manager.lookup(fe_type.element).get_value_type()
        super().__init__(manager, fe_type, ir.VectorType(element, WIDTH))


def _place(context, builder, array_type, array, position):  # type: ignore[no-untyped-def]
    """Give the address of sixteen elements of an array, and their alignment."""
    data = context.make_array(array_type)(context, builder, array).data
    vector = ir.VectorType(context.get_value_type(array_type.dtype), WIDTH)
    alignment = array_type.dtype.bitwidth // 8
    return builder.bitcast(builder.gep(data, [position]), vector.as_pointer()), alignment


@_instruction
def load(typingctx, array, position):  # type: ignore[no-untyped-def]
    """Read sixteen elements of a contiguous array from a position in its flattened order; nothing is checked."""
    result = Sixteen(array.dtype)

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        place, alignment = _place(context, builder, signature.args[0], *arguments)
        return builder.load(place, align=alignment)

    return result(array, types.intp), code


@_instruction
def store(typingctx, array, position, value):  # type: ignore[no-untyped-def]
    """Write sixteen elements of a contiguous array from a position in its flattened order; nothing is checked."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        place, alignment = _place(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], place, align=alignment)
        return context.get_dummy_value()

    return types.none(array, types.intp, value), code


def _sixteen_of(context, builder, kind, value, element):  # type: ignore[no-untyped-def]
    """Give a value as it is, or a single number sixteen times."""
    if isinstance(kind, Sixteen):
        return value
    number = context.cast(builder, value, kind, element)
    vector = ir.VectorType(context.get_value_type(element), WIDTH)
    single = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(single, ir.Constant(vector, ir.Undefined), order)


@_instruction
def same(typingctx, like, number):  # type: ignore[no-untyped-def]
    """Give a number sixteen times, in the type of the elements of `like` (a value of this type or an array)."""
    element = like.element if isinstance(like, Sixteen) else like.dtype

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return _sixteen_of(context, builder, signature.args[1], arguments[1], element)

    return Sixteen(element)(like, number), code


def _operator(symbol: Any, of_floats: str, of_integers: str) -> None:
    """Let an operator work on sixteen numbers; told to Numba directly, as an overload would have to be compiled."""

    @infer_global(symbol)
    class _Typing(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            found = [kind for kind in args if isinstance(kind, Sixteen)]
            return signature(found[0], *args) if found else None

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        element = signature.return_type.element
        instruction = of_floats if isinstance(element, types.Float) else of_integers
        pair = [
            _sixteen_of(context, builder, kind, value, element)
            for kind, value in zip(signature.args, arguments, strict=True)
        ]
        return getattr(builder, instruction)(*pair)

    for kinds in ((Sixteen, Sixteen), (Sixteen, types.Number), (types.Number, Sixteen)):
        lower_builtin(symbol, *kinds)(code)


for _symbol, _floats, _integers in (
    (operator.add, "fadd", "add"),
    (operator.iadd, "fadd", "add"),
    (operator.sub, "fsub", "sub"),
    (operator.mul, "fmul", "mul"),
    (operator.truediv, "fdiv", "sdiv"),
    (operator.or_, "or_", "or_"),
    (operator.ior, "or_", "or_"),
):
    _operator(_symbol, _floats, _integers)


@_instruction
def fused(typingctx, x, y, z):  # type: ignore[no-untyped-def]
    """Give ``x * y + z`` rounded once."""
    element: Any = next(kind.element for kind in (x, y, z) if isinstance(kind, Sixteen))

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        three = [
            _sixteen_of(context, builder, kind, value, element)
            for kind, value in zip(signature.args, arguments, strict=True)
        ]
        vector = three[0].type
        name = f"llvm.fma.v{WIDTH}f{element.bitwidth}"
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)
        return builder.call(function, three)

    return Sixteen(element)(x, y, z), code


@_instruction
def where_at_least(typingctx, x, y, yes, no):  # type: ignore[no-untyped-def]
    """Give `yes` in the places where x is at least y, otherwise `no`; x and y may be of another type than these."""
    element = next((kind.element for kind in (yes, no) if isinstance(kind, Sixteen)), types.float64)

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        condition = builder.fcmp_ordered(">=", *arguments[:2])
        two = [
            _sixteen_of(context, builder, kind, value, element)
            for kind, value in zip(signature.args[2:], arguments[2:], strict=True)
        ]
        return builder.select(condition, *two)

    return Sixteen(element)(x, y, yes, no), code


@_instruction
def where_equal(typingctx, x, y, yes, no):  # type: ignore[no-untyped-def]
    """Give the number `yes` in the places where the whole numbers x and y are equal, otherwise `no`."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        condition = builder.icmp_signed("==", *arguments[:2])
        two = [
            _sixteen_of(context, builder, kind, value, x.element)
            for kind, value in zip(signature.args[2:], arguments[2:], strict=True)
        ]
        return builder.select(condition, *two)

    return x(x, y, yes, no), code
