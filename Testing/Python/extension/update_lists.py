"""Write the extension's CMake lists from what git tracks: run it after adding, moving or removing a file."""

from __future__ import annotations

from cmake_lists import LISTS, ROOT, tracked, wanted, write_lists


def main() -> None:
    paths = tracked()
    for folder in LISTS:
        file = ROOT / folder / "CMakeLists.txt"
        changed = write_lists(file, wanted(folder, paths))
        print(f"{file.relative_to(ROOT)}: {'updated' if changed else 'up to date'}")


if __name__ == "__main__":
    main()
