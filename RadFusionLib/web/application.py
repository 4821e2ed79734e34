"""The reader's server: scene, views, logic and page put together."""

from __future__ import annotations

import asyncio
import logging
import os
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from RadFusionLib.web.access import Access
from RadFusionLib.web.case_list import CaseList
from RadFusionLib.web.rendering import RenderingProbe
from RadFusionLib.web.worker import Worker

if TYPE_CHECKING:
    from RadFusionLib.web.files import Files
    from RadFusionLib.web.logic import ReaderLogic

__all__ = ["serve"]


async def serve(
    bundle: Path,
    cases: CaseList,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str = "",
    browser: bool = True,
    allow_demonstration: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Serve the reader until it is interrupted.

    Parameters
    ----------
    bundle : Path
        The bundle's file.
    cases : CaseList
        What can be opened.
    host, port : str, int
        Where to listen; port 0 takes a free one.
    token : str
        See :class:`~RadFusionLib.web.access.Access`.
    browser : bool
        Whether to open a browser.
    say : callable
        Takes the address, once it answers.

    Raises
    ------
    MissingPackageError
        When this machine cannot draw.
    """
    asyncio.get_running_loop().set_exception_handler(_hear)
    # A page that a busy machine keeps from answering within 15 s is not gone, and would not come back.
    os.environ.setdefault("WSLINK_HEART_BEAT", "0")
    probe = RenderingProbe()
    worker = Worker(bundle, allow_demonstration)
    worker.start()
    access = Access(host, token)
    files: Files | None = None
    try:
        await asyncio.get_running_loop().run_in_executor(None, probe.check)
        server, logic, files = _assemble(worker, cases, access)
        opening: list[asyncio.Task[None]] = []

        def ready(**_: Any) -> None:
            shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
            address = f"http://{shown}:{server.port}/" + (f"?secret={access.token}" if access.token else "")
            say(address)
            opening.append(asyncio.get_running_loop().create_task(logic.start()))
            if browser:
                webbrowser.open(address)

        server.controller.on_server_ready.add(ready)
        await server.start(
            host=host,
            port=port,
            open_browser=False,
            show_connection_info=False,
            exec_mode="coroutine",
            timeout=0,
        )
    finally:
        worker.stop()
        if files is not None:
            files.delete()


def _hear(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A page that is closed while something is sent to it is no fault."""
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(context)


def _assemble(worker: Worker, cases: CaseList, access: Access) -> tuple[Any, ReaderLogic, Files]:
    import vtk
    from trame.app import get_server
    from trame_server.utils.typed_state import TypedState
    from trame_slicer import module
    from trame_slicer.core import SlicerApp

    from RadFusionLib.web.events import ReaderEvents
    from RadFusionLib.web.files import Files
    from RadFusionLib.web.logic import ReaderLogic
    from RadFusionLib.web.page import build_page, show_steps
    from RadFusionLib.web.state import ReaderState
    from RadFusionLib.web.views import ReaderViews

    server = get_server("radfusion-reader", client_type="vue3")
    if access.token:
        server.cli.set_defaults(authKey=access.token)
    server.controller.on_server_bind.add(lambda wslink: access.guard(wslink.app))
    server.enable_module(module)
    app = SlicerApp()
    # trame-slicer prints what VTK says, which names nodes and files.
    vtk.vtkOutputWindow.SetInstance(vtk.vtkStringOutputWindow())
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)
    logging.getLogger("wslink").setLevel(logging.ERROR)
    views = ReaderViews(server, app)
    state = TypedState(server.state, ReaderState)
    state.bind_changes({state.name.result.shown: lambda shown: show_steps(server, shown)})
    logic = ReaderLogic(app, state.data, worker, cases, server.state.flush)
    logic.opened.append(views.open)
    logic.closed.append(views.forget)
    logic.shown.append(views.show_window_of)
    views.hand.drawing.append(logic.follower.postpone)

    files = Files(logic)
    server.controller.on_server_bind.add(lambda wslink: files.add_routes(wslink.app))
    build_page(server, state.name, ReaderEvents(server, logic, views), views)
    return server, logic, files
