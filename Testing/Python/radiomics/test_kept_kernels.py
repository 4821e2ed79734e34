"""Kernels that were compiled from other sources are made anew, those of the same sources are kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from RadFusionLib.radiomics.kernel import forget_stale_kernels

FROM = "from {kernel} import "
PACKAGE = {
    "__init__.py": "",
    "inner.py": FROM + "inner_kernel\n\n\n@inner_kernel\ndef one():\n    return 1\n",
    "outer.py": FROM + "kernel\nfrom engine.inner import one\n\n@kernel\ndef two():\n    return one() + 1\n",
}
SAID = """
from pathlib import Path
from RadFusionLib.radiomics.kernel import forget_stale_kernels
{forget}
from engine.outer import two
print(two(), sum(two.stats.cache_hits.values()))
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "engine"
    folder.mkdir()
    for name, text in PACKAGE.items():
        (folder / name).write_text(text.format(kernel="RadFusionLib.radiomics.kernel"))
    return folder


def said(package: Path, forget: bool = True) -> str:
    """What another process's kernel gives, and whether it was kept."""
    script = SAID.format(forget=f"forget_stale_kernels(Path({str(package)!r}))" if forget else "")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=package.parent, check=True, capture_output=True, text=True, timeout=120
    )
    return done.stdout.strip()


def test_a_kernel_follows_the_inner_kernels_that_were_compiled_into_it(package):
    assert said(package) == "2 0"
    assert said(package) == "2 1"
    inner = package / "inner.py"
    inner.write_text(inner.read_text().replace("return 1", "return 41"))
    # What Numba itself would do: the outer kernel's own file is as it was.
    assert said(package, forget=False) == "2 1"
    assert said(package) == "42 0"
    assert said(package) == "42 1"


def test_a_package_that_may_only_be_read_is_left_alone(package, monkeypatch):
    cache = package / "__pycache__"
    cache.mkdir()
    (cache / "outer.two-1.nbi").write_text("kept")

    def refused(*_, **__):
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refused)
    forget_stale_kernels(package)
    assert (cache / "outer.two-1.nbi").is_file()
    monkeypatch.undo()
    forget_stale_kernels(package)
    assert not (cache / "outer.two-1.nbi").exists()
    shutil.rmtree(package)
