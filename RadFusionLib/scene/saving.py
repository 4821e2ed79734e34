"""Scenes to .mrb files and back, whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from RadFusionLib.errors import InputError
from RadFusionLib.scene.application import Scene, current_scene, in_slicer, register_legend, slicer_module
from RadFusionLib.scene.foreign_scene import unpack_scene

__all__ = ["load_scene", "save_scene"]


def save_scene(path: str | Path, scene: Scene | None = None) -> Path:
    """Write a scene with all its data to an ``.mrb`` file; a failed write leaves no file, and an old one as it was.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".mrb":
        raise InputError(f"{path} is no name for a scene; give one that ends in .mrb.")
    scene = scene or current_scene()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Slicer's writer takes no relative path.
    target = path.resolve()
    # The folder inside the file bears the file's name, so it is written under that name in a folder beside it.
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=target.parent))
    try:
        partial = folder / target.name
        with _messages() as messages:
            written = bool(scene.WriteToMRB(str(partial)))
        missing = _not_written(partial, scene) if written else ""
        if not written or missing:
            reason = missing or _last_error(messages())
            raise InputError(f"The scene could not be written to {path} ({reason}); check space and rights there.")
        os.replace(partial, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return path


def load_scene(path: str | Path, scene: Scene | None = None) -> Scene:
    """Read an ``.mrb`` file into a scene, which is emptied first; the current scene when none is given.

    In Slicer, its own scene is read by Slicer's own means. Elsewhere what is in the file is checked first.

    Raises
    ------
    InputError
        When the file is missing, is no scene, holds what no scene of images has, or a part of it cannot be read; the
        scene is empty then.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise InputError(f"{path} does not exist; correct the path.")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} is not a scene bundle; give an .mrb file that Slicer or RadFusion wrote.")
    target = scene or current_scene()
    if in_slicer() and target is slicer_module().mrmlScene:
        slicer = slicer_module()
        if not slicer.util.loadScene(str(path), {"clear": True}):
            raise InputError(f"{path} cannot be read as a scene; save it again.")
        return target
    target.Clear(1)
    with tempfile.TemporaryDirectory() as folder:
        mrml = unpack_scene(path, Path(folder), _classes(target))
        register_legend(target)
        with _messages() as messages:
            target.SetURL(str(mrml))
            read = bool(target.Import())
        missing = _not_read(target)
        _forget_files(target)
    if not read or missing:
        target.Clear(1)
        raise InputError(f"{path} cannot be read as a scene ({missing or _last_error(messages())}); save it again.")
    return target


def _classes(scene: Scene) -> dict[str, str]:
    """The classes that a scene makes nodes of, by the tags that stand for them."""
    kinds = [scene.GetNthRegisteredNodeClass(number) for number in range(scene.GetNumberOfRegisteredNodeClasses())]
    return {kind.GetNodeTagName(): kind.GetClassName() for kind in reversed(kinds)}


def _stored(scene: Scene) -> Iterator[Any]:
    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLStorableNode")):
        node = scene.GetNthNodeByClass(number, "vtkMRMLStorableNode")
        if node.GetSaveWithScene() and node.GetStorageNode() is not None:
            yield node


def _not_written(file: Path, scene: Scene) -> str:
    try:
        with zipfile.ZipFile(file) as bundle:
            if bundle.testzip() is not None:
                return "the file is damaged"
            count = sum("/Data/" in name or "/Private/" in name for name in bundle.namelist())
    except (OSError, zipfile.BadZipFile):
        return "the file is damaged"
    wanted = sum(1 for _ in _stored(scene))
    return "" if count >= wanted else f"{wanted - count} of {wanted} nodes are missing in it"


def _not_read(scene: Scene) -> str:
    for node in _stored(scene):
        empty = node.IsA("vtkMRMLVolumeNode") and node.GetImageData() is None
        empty |= node.IsA("vtkMRMLTableNode") and node.GetNumberOfColumns() == 0
        if empty:
            return f"{node.GetName()} is missing in it"
    return ""


def _forget_files(scene: Scene) -> None:
    # The unpacked files are gone: the data are in memory, and a later save names its own.
    for node in _stored(scene):
        storage = node.GetStorageNode()
        storage.ResetFileNameList()
        storage.SetFileName(None)
    scene.SetURL("")


@contextmanager
def _messages() -> Iterator[Any]:
    """Keep what VTK would print, which names every file it writes; give a function that returns it."""
    import vtk

    window = vtk.vtkStringOutputWindow()
    before = vtk.vtkOutputWindow.GetInstance()
    logger = vtk.vtkLogger
    verbosity = logger.ConvertToVerbosity(logger.GetCurrentVerbosityCutoff())
    vtk.vtkOutputWindow.SetInstance(window)
    logger.SetStderrVerbosity(logger.VERBOSITY_OFF)
    try:
        yield window.GetOutput
    finally:
        logger.SetStderrVerbosity(verbosity)
        vtk.vtkOutputWindow.SetInstance(before)


def _last_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith(("Info", "Zip"))]
    # Without the name and address of the object that complains.
    return re.sub(r"^.*?\(0x[0-9a-f]+\): ", "", lines[-1])[:200] if lines else "Slicer gave no reason"
