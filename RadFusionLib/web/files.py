"""Files to and from the page, beside its messages: a case is uploaded, scene and report are saved.

A message of the page waits for the one before; a file of hundreds of megabytes must not hold up the brush.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from RadFusionLib.errors import InputError
from RadFusionLib.web.logic import ReaderLogic

__all__ = ["Files", "safe_path", "script"]

MOST = 8 * 2**30
"""Bytes of one upload."""

PIECE = 2**20
"""Bytes taken at a time."""

NAME = re.compile(r"[\w.+-]{1,64}")


class Files:
    """Uploads and downloads.

    Parameters
    ----------
    logic : ReaderLogic
        Opens what is uploaded, and writes what is saved.
    """

    def __init__(self, logic: ReaderLogic) -> None:
        self._logic = logic
        self._folder: Path | None = None

    def add_routes(self, application: Any) -> None:
        """Let an aiohttp application answer. Only to POST, whose origin a browser always tells."""
        application.router.add_post("/save/{what}", self._save)
        application.router.add_post("/upload", self._upload)

    def delete(self) -> None:
        """Delete what was uploaded."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _save(self, request: Any) -> Any:
        from aiohttp import web

        saves = {"scene.mrb": self._logic.save_scene, "report.html": self._logic.save_report}
        what = str(request.match_info["what"])
        if what not in saves:
            raise web.HTTPNotFound()
        with tempfile.TemporaryDirectory(prefix="radfusion-reader-") as folder:
            written = await saves[what](Path(folder) / what)
            if written is None:
                # The page says why.
                return web.Response(status=409)
            return web.Response(body=written.read_bytes(), content_type="application/octet-stream")

    async def _upload(self, request: Any) -> Any:
        """Take a multipart form: the case's name in the query, a part a file, named by its path."""
        from aiohttp import web

        name = str(request.query.get("name", "")).strip()
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="radfusion-reader-"))
        place = Path(tempfile.mkdtemp(dir=self._folder))
        with self._logic.sentences.said(f"Receiving {name or 'files'}"):
            if not NAME.fullmatch(name) or name.startswith("."):
                raise InputError(
                    f"The name {name!r} cannot name a case; use letters, digits, dot, plus, hyphen or underscore."
                )
            await _receive(request, place / name)
        if not self._logic.state.problem and await self._logic.add(place):
            return web.Response(status=204)
        # The page says why.
        shutil.rmtree(place, ignore_errors=True)
        return web.Response(status=400)


async def _receive(request: Any, folder: Path) -> None:
    taken = 0
    async for part in await request.multipart():
        path = folder / safe_path(str(part.filename or ""))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            while piece := await part.read_chunk(PIECE):
                taken += len(piece)
                if taken > MOST:
                    raise InputError(
                        f"The files are larger than {MOST // 2**30} GB; read them from a manifest instead."
                    )
                stream.write(piece)
    if not taken:
        raise InputError("No file came with the case; choose its images.")


def safe_path(name: str) -> Path:
    """Return a browser's name of a file, or its path in a chosen folder, as a path that stays where it is put.

    Raises
    ------
    InputError
        When it is no such name.
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or any(part in ("..", "/") or "\0" in part or part.endswith(":") for part in parts):
        raise InputError(f"The file name {name!r} cannot be used; rename the file.")
    return Path(*parts)


def script() -> str:
    """Return the script that sends chosen files, and asks for files to be saved."""
    return """
(() => {
  document.addEventListener('change', async (event) => {
    const input = event.target.closest && event.target.closest('input[data-reader-upload]');
    if (!input || !input.files.length) return;
    const form = new FormData();
    for (const file of input.files) form.append('file', file, file.webkitRelativePath || file.name);
    const name = document.querySelector('.reader-new-case input').value;
    input.value = '';
    await fetch('upload?name=' + encodeURIComponent(name), {method: 'POST', body: form});
  }, true);
  document.addEventListener('click', async (event) => {
    const button = event.target.closest && event.target.closest('[data-reader-save]');
    if (!button || button.disabled) return;
    const answer = await fetch('save/' + button.dataset.readerSave, {method: 'POST'});
    if (!answer.ok) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await answer.blob());
    link.download = button.dataset.readerTitle + ' ' + button.dataset.readerSave;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }, true);
})();
"""
