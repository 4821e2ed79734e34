"""Every tracked file is in a CMake list, and everything listed is there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cmake_lists import LISTS, ROOT, read_lists, tracked, wanted, write_lists


@pytest.fixture(scope="module")
def paths() -> list[str]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what is tracked cannot be known")
    return tracked()


@pytest.mark.parametrize("folder", LISTS)
def test_lists_name_every_tracked_file_and_no_other(folder: str, paths: list[str]) -> None:
    found = read_lists(ROOT / folder / "CMakeLists.txt")
    for name, values in wanted(folder, paths).items():
        missing = sorted(set(values) - set(found[name]))
        absent = sorted(set(found[name]) - set(values))
        advice = "run: python Testing/Python/extension/update_lists.py"
        assert not missing, f"{folder}: {name} lacks {missing}; {advice}"
        assert not absent, f"{folder}: {name} names {absent}, which git does not track; {advice}"
        assert found[name] == values, f"{folder}: {name} is not sorted, or names a file twice; {advice}"


@pytest.mark.parametrize("folder", LISTS)
def test_no_path_leads_out_of_its_folder(folder: str) -> None:
    for name in LISTS[folder]:
        for path in read_lists(ROOT / folder / "CMakeLists.txt")[name]:
            assert ".." not in Path(path).parts
            assert not Path(path).is_absolute()
            assert "$" not in path


def test_only_the_module_lies_at_the_top(paths: list[str]) -> None:
    """Slicer takes any Python file at the top of its scripted modules for a module."""
    top = [p for p in paths if p.startswith("RadFusion/") and p.endswith(".py") and p.count("/") == 1]
    assert top == ["RadFusion/RadFusion.py"]


def test_a_forgotten_file_is_found(tmp_path: Path) -> None:
    """The check above can fail."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    folder = tmp_path / "RadFusionLib"
    (folder / "case").mkdir(parents=True)
    for name in ("__init__.py", "case/new.py", "case/table.json"):
        (folder / name).write_text("")
    (folder / "CMakeLists.txt").write_text(
        "set(MODULE_PYTHON_SCRIPTS\n  gone.py\n  )\nset(MODULE_PYTHON_RESOURCES\n  )\n"
    )
    subprocess.run(["git", "-C", str(tmp_path), "add", "-A"], check=True)
    lists = wanted("RadFusionLib", tracked(tmp_path))
    assert lists == {
        "MODULE_PYTHON_SCRIPTS": ["__init__.py", "case/new.py"],
        "MODULE_PYTHON_RESOURCES": ["case/table.json"],
    }
    assert read_lists(folder / "CMakeLists.txt")["MODULE_PYTHON_SCRIPTS"] == ["gone.py"]
    assert write_lists(folder / "CMakeLists.txt", lists)
    assert read_lists(folder / "CMakeLists.txt") == lists
    assert not write_lists(folder / "CMakeLists.txt", lists)
