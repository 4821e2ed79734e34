"""The ``shap`` library beside Slicer's own package ``slicer``: set up, and imported, without touching the latter.

shap depends on a small package from PyPI that is also named ``slicer``; installed, it would overwrite Slicer's. It is
therefore never installed: shap goes in without its dependencies, that package's wheel is checked against a known hash
and unpacked outside ``sys.path``, and the three names that shap imports from it are lent to Slicer's package for as
long as shap's own import lasts. ``python -m RadFusionLib.explain.shap_library`` does the set-up; in Slicer,
:func:`install_shap` does the same with Slicer's pip.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from RadFusionLib.errors import MissingPackageError

__all__ = ["SHAP", "WITHOUT_SHAP", "import_shap", "install_shap", "shap_available"]

SHAP = "shap==0.51.0"
"""What pip installs, without dependencies."""

WITHOUT_SHAP = "The shap library is not set up; the Shapley values and their pictures are RadFusion's own."
"""The notice that goes with an explanation made without shap."""

SLICING = "slicer==0.0.8"
SLICING_SHA256 = "6c206258543aecd010d497dc2eca9d2805860a0b3758673903456b7df7934dc3"
LENT = ("Alias", "Obj", "Slicer")
MODULE = "radfusion_shap_slicing"
INSTALL = ("install", "--quiet", "--disable-pip-version-check", "--no-deps")
DOWNLOAD = ("download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:")
FILES = ("__init__.py", "slicer.py", "slicer_internal.py")

_LOCK = threading.RLock()


def shap_available() -> bool:
    """Whether shap can be imported here by :func:`import_shap`."""
    return "shap" in sys.modules or (importlib.util.find_spec("shap") is not None and _folder().is_dir())


def import_shap() -> ModuleType:
    """Import shap; Slicer's package ``slicer`` is whole before, during and after.

    Raises
    ------
    MissingPackageError
        When shap or the package that it needs is not set up.
    """
    with _LOCK:
        if "shap" in sys.modules:
            return sys.modules["shap"]
        if not shap_available():
            raise MissingPackageError(
                "The shap library is not set up; run python -m RadFusionLib.explain.shap_library, "
                "or in Slicer install_shap()."
            )
        with _lent(_slicing()):
            return importlib.import_module("shap")


def install_shap(run_pip: Callable[[Sequence[str]], None] | None = None) -> None:
    """Install shap without its dependencies, and unpack the one of them that must not be installed.

    Parameters
    ----------
    run_pip : callable, optional
        Runs pip with the arguments given, and raises when pip fails; in Slicer the application's own. By default
        this interpreter's pip.

    Raises
    ------
    MissingPackageError
        When pip cannot find them, or the wheel is not the one whose hash is known.
    """
    pip = run_pip or _run_pip
    try:
        if importlib.util.find_spec("shap") is None:
            pip([*INSTALL, SHAP])
        if not _folder().is_dir():
            with tempfile.TemporaryDirectory() as scratch:
                pip([*DOWNLOAD, "--dest", scratch, SLICING])
                _unpack(next(Path(scratch).glob("*.whl")))
    except (OSError, subprocess.SubprocessError, StopIteration) as error:
        raise MissingPackageError(
            f"The shap library could not be set up ({error}); connect to a package index and try again."
        ) from error
    importlib.invalidate_caches()


def _folder() -> Path:
    """Where the unpacked package lies: in this environment, not on ``sys.path``."""
    return Path(sysconfig.get_path("data")) / "share" / "radfusion" / SLICING.replace("==", "-")


def _unpack(wheel: Path) -> None:
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != SLICING_SHA256:
        raise MissingPackageError(
            f"The package {SLICING} that shap needs has the SHA-256 {found[:12]}..., not the known one; "
            "it was not unpacked. Fetch it from the official package index."
        )
    folder = _folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in FILES:
                (partial / name).write_bytes(archive.read(f"slicer/{name}"))
            licence = next(n for n in archive.namelist() if n.endswith("LICENSE"))
            (partial / "LICENSE").write_bytes(archive.read(licence))
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _slicing() -> ModuleType:
    """The unpacked package under a name of its own."""
    if MODULE not in sys.modules:
        folder = _folder()
        spec = importlib.util.spec_from_file_location(
            MODULE, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec is None or spec.loader is None:
            raise MissingPackageError(f"The folder {folder} is damaged; delete it and set up shap again.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[MODULE] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[MODULE]
            raise
    return sys.modules[MODULE]


@contextmanager
def _lent(source: ModuleType) -> Iterator[None]:
    """Give Slicer's package the three names; take them back, leaving what it had."""
    absent = object()
    temporary = "slicer" not in sys.modules and importlib.util.find_spec("slicer") is None
    if temporary:
        sys.modules["slicer"] = ModuleType("slicer")
    package = importlib.import_module("slicer")
    before = {name: vars(package).get(name, absent) for name in LENT}
    try:
        for name in LENT:
            setattr(package, name, getattr(source, name))
        yield
    finally:
        for name, value in before.items():
            if value is absent:
                delattr(package, name)
            else:
                setattr(package, name, value)
        if temporary:
            del sys.modules["slicer"]


def _run_pip(arguments: Sequence[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()
        raise subprocess.SubprocessError(reason[-1] if reason else f"pip ended with {done.returncode}")


if __name__ == "__main__":
    try:
        install_shap()
    except MissingPackageError as missing:
        # Explanations work without shap, so set-up goes on.
        print(f"{missing} {WITHOUT_SHAP}", file=sys.stderr)
