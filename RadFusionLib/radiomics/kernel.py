"""How every kernel is compiled: kept on disk, without the interpreter's lock, and no more than is needed.

Kernels ask for all their arrays in the same words, ``np.zeros(size, np.float64)``: Numba compiles `np.zeros` itself for
each way of asking, and whole-array methods for longer than the loop takes that does the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from numba import njit
from numba.extending import register_jitable

__all__ = [
    "forget_stale_kernels",
    "inner_kernel",
    "inner_reordering_kernel",
    "is_kept",
    "kernel",
    "reordering_kernel",
    "sequence",
]

_compile: Any = njit
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",  # a division by 0 gives infinity or NaN, without a branch in every division
    "no_cfunc_wrapper": True,  # nobody calls them from C
}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function when it is first called."""
    return _compile(cache=True, **_OPTIONS)(function)


def reordering_kernel(function: Callable[..., Any]) -> Any:
    """Compile a function whose sums may be added up in another order, several at a time."""
    return _compile(cache=True, fastmath={"reassoc", "contract"}, **_OPTIONS)(function)


def inner_kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that only kernels call, and that is kept with them."""
    return _compile(no_cpython_wrapper=True, **_OPTIONS)(function)


def inner_reordering_kernel(function: Callable[..., Any]) -> Any:
    """Compile an inner kernel whose sums may be added up in another order."""
    return _compile(no_cpython_wrapper=True, fastmath={"reassoc", "contract"}, **_OPTIONS)(function)


def sequence(function: Callable[..., Any]) -> Any:
    """Mark a function that only calls kernels: Python runs it as it is, other kernels compile it into themselves.

    Numba compiles everything a kernel calls anew for each kernel that calls it; what Python itself can put together
    need not be compiled.
    """
    return register_jitable(error_model="numpy")(function)


def is_kept(compiled: Any) -> bool:
    """Whether a kernel was compiled before, by any process, and lies on disk."""
    function = compiled.py_func
    pattern = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}-*.nbi"
    return any(Path(compiled.stats.cache_path).glob(pattern))


def forget_stale_kernels(package: Path) -> None:
    """Remove the kernels that were compiled from other sources than a package's own.

    Numba asks whether a kernel's own file has changed, not those of the inner kernels that were compiled into it.
    """
    sources = sorted(package.rglob("*.py"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = package / "__pycache__" / "kernels.sha256"
    # An installation that may only be read is never changed file by file.
    with suppress(OSError):
        if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
            return
        for kept in package.rglob("__pycache__/*.nb[ci]"):
            kept.unlink(missing_ok=True)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(digest, encoding="ascii")


forget_stale_kernels(Path(__file__).parent)
