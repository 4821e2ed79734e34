"""Where the MRML scene comes from: Slicer's own, or one made on Slicer's core libraries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from RadFusionLib.errors import MissingPackageError

__all__ = ["Node", "Scene", "close", "current_scene", "in_slicer", "private_scene", "register_legend", "slicer_module"]

Node = Any
"""A ``vtkMRMLNode``; Slicer's classes carry no types."""
Scene = Any
"""A ``vtkMRMLScene``."""

REPRESENTATIONS = ("Binary labelmap", "Fractional labelmap", "Closed surface")
"""What Slicer's core libraries convert segmentations to."""


@dataclass
class _Core:
    """What keeps a scene alive where there is no Slicer application."""

    scene: Scene
    application_logic: Any
    logics: tuple[Any, ...]


_core: _Core | None = None


def slicer_module() -> Any:
    """Return the ``slicer`` package.

    Raises
    ------
    MissingPackageError
        When it is not installed, or is the other package of that name.
    """
    try:
        import slicer
    except ImportError as error:
        raise MissingPackageError("The package slicer-core is not installed; install it, or run in Slicer.") from error
    if not hasattr(slicer, "vtkMRMLScene"):
        raise MissingPackageError(
            "The package named slicer is not Slicer's; uninstall 'slicer' and install 'slicer-core' again."
        )
    return slicer


def in_slicer() -> bool:
    """Whether this runs in the Slicer application, rather than on its core libraries alone."""
    return getattr(slicer_module(), "app", None) is not None


def current_scene() -> Scene:
    """Return ``slicer.mrmlScene``; on the core libraries it is made at the first call."""
    slicer = slicer_module()
    if getattr(slicer, "mrmlScene", None) is None:
        global _core
        _core = _start()
        slicer.mrmlScene = _core.scene
    return slicer.mrmlScene


@contextmanager
def private_scene() -> Iterator[Scene]:
    """Give a scene of its own, that no window shows and no other node shares; it is emptied afterwards."""
    if in_slicer():
        slicer = slicer_module()
        scene = slicer.vtkMRMLScene()
        slicer.mrmlScene.CopyRegisteredNodesToScene(scene)
        register_legend(scene)
        try:
            yield scene
        finally:
            scene.Clear(1)
        return
    core = _start()
    try:
        yield core.scene
    finally:
        _stop(core)


def close() -> None:
    """Empty and release the scene that :func:`current_scene` made; in Slicer, do nothing."""
    global _core
    if _core is None:
        return
    slicer = slicer_module()
    if getattr(slicer, "mrmlScene", None) is _core.scene:
        slicer.mrmlScene = None
    _stop(_core)
    _core = None


def _start() -> _Core:
    slicer = slicer_module()
    scene = slicer.vtkMRMLScene()
    application_logic = slicer.vtkSlicerApplicationLogic()
    application_logic.SetMRMLScene(scene)
    _forget_conversions(slicer)
    # Each logic registers the node classes of its module with the scene.
    logics = []
    for name, kind in (
        ("Colors", "vtkMRMLColorLogic"),
        ("Volumes", "vtkSlicerVolumesLogic"),
        ("Segmentations", "vtkSlicerSegmentationsModuleLogic"),
        ("Tables", "vtkSlicerTablesLogic"),
    ):
        logic = getattr(slicer, kind)()
        logic.SetMRMLScene(scene)
        logic.SetMRMLApplicationLogic(application_logic)
        application_logic.SetModuleLogic(name, logic)
        logics.append(logic)
    register_legend(scene)
    return _Core(scene, application_logic, tuple(logics))


def _forget_conversions(slicer: Any) -> None:
    """Forget how segmentations are converted, which each segmentations logic tells the whole process anew.

    The search for a way from one representation to another goes through all combinations, also of the same way told
    many times: after a hundred scenes it would not end.
    """
    factory = slicer.vtkSegmentationConverterFactory.GetInstance()
    for representation in REPRESENTATIONS:
        factory.DisableRepresentation(representation)


def register_legend(scene: Scene) -> None:
    """Let a scene make and read colour legends, whose class only a window module registers."""
    if not scene.IsNodeClassRegistered("vtkMRMLColorLegendDisplayNode"):
        scene.RegisterNodeClass(slicer_module().vtkMRMLColorLegendDisplayNode())


def _stop(core: _Core) -> None:
    # The logics go with the last reference to them; told of no scene, the segmentations logic warns.
    core.scene.Clear(1)
