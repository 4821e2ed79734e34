"""Files to and from the page: an uploaded case has the command's risk, and what cannot be used is a sentence."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, FormData, web

import RadFusionLib
from RadFusionLib.bundle import Bundle
from RadFusionLib.cohort import load_case, read_manifest
from RadFusionLib.errors import InputError
from RadFusionLib.web.files import Files, safe_path


class Served:
    """The routes of a reader's files behind a server of their own."""

    def __init__(self, logic: Any) -> None:
        self.logic = logic

    async def __aenter__(self) -> Served:
        self.files = Files(self.logic)
        application = web.Application()
        self.files.add_routes(application)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._session = ClientSession()
        return self

    async def __aexit__(self, *unused: Any) -> None:
        await self._session.close()
        await self._runner.cleanup()
        self.files.delete()

    async def upload(self, name: str, files: dict[str, bytes]) -> int:
        form = FormData(default_to_multipart=True, quote_fields=False)
        for path, content in files.items():
            form.add_field("file", content, filename=path)
        async with self._session.post(f"{self._address}/upload", params={"name": name}, data=form) as answer:
            return answer.status

    async def save(self, what: str) -> tuple[int, bytes]:
        async with self._session.post(f"{self._address}/save/{what}") as answer:
            return answer.status, await answer.read()


def _files(cohort: Path, case: str) -> dict[str, bytes]:
    row = read_manifest(cohort).row(case)
    found = {f"{phase}.nrrd": path.read_bytes() for phase, path in row.images.items()}
    masks = {key.region: path for key, path in row.masks.items() if not key.reader}
    return found | {f"{region}.nrrd": Path(path).read_bytes() for region, path in masks.items()}


def test_an_uploaded_case_has_the_risk_of_its_files(make_reader: Any, bundle_path: Path, cohort: Path) -> None:
    bundle = Bundle.load(bundle_path)
    case = load_case(read_manifest(cohort).row("c7"), bundle.recipe.phases)
    expected = RadFusionLib.predict(bundle, case, heatmap=False)

    async def story() -> None:
        logic = make_reader()
        await logic.start()
        async with Served(logic) as served:
            assert await served.upload("from.elsewhere-1", _files(cohort, "c7")) == 204
            assert logic.state.problem == ""
            assert logic.state.case.title == "from.elsewhere-1"
            assert logic.state.case.ids[-1] == "from.elsewhere-1"
            assert "HBP is HBP.nrrd" in logic.state.remark
            assert "tumor is tumor.nrrd" in logic.state.remark
            logic.set_clinical("AFP", repr(case.clinical["AFP"]))
            # The bundle was trained on simulated cases, and nobody said that this is one.
            await logic.predict()
            assert "not a simulated case" in logic.state.problem
            logic._worker.bench._allow_demonstration = True
            try:
                await logic.predict()
            finally:
                logic._worker.bench._allow_demonstration = False
            assert logic.state.problem == ""
            assert abs(logic.state.result.risk / 100 - expected.risk) < 1e-6

    asyncio.run(story())


def test_what_cannot_be_used_is_said_and_the_open_case_stays(make_reader: Any, cohort: Path) -> None:
    files = _files(cohort, "c7")
    only_one = {"AP.nrrd": files["AP.nrrd"]}
    wrong: tuple[tuple[str, dict[str, bytes], str], ...] = (
        ("new", only_one, "No file of new is named after the phase HBP"),
        ("new", {}, "No file came with the case"),
        ("new", {"AP.nrrd": b""}, "No file came with the case"),
        ("new", {"holiday.nrrd": files["AP.nrrd"]}, "None of the files is an image named after its phase"),
        ("c3", files, "There is a case c3 already"),
        ("", files, "cannot name a case"),
        ("../c9", files, "cannot name a case"),
        (".hidden", files, "cannot name a case"),
        ("new", {"../../AP.nrrd": files["AP.nrrd"]}, "file name '../../AP.nrrd' cannot be used"),
    )

    async def story() -> None:
        logic = make_reader()
        await logic.start()
        async with Served(logic) as served:
            for name, content, sentence in wrong:
                assert await served.upload(name, content) == 400
                assert sentence in logic.state.problem
                assert "unexpectedly" not in logic.state.problem
                assert logic.state.case.title == "c0"
                assert len(logic.state.case.ids) == 40
                assert list(served.files._folder.iterdir()) == [], "nothing of it is kept"
            assert await served.upload("broken", files | {"AP.nrrd": b"no image at all"}) == 204
            assert "AP.nrrd" in logic.state.problem
            assert logic.reading is None
            await logic.open(0)
            assert logic.state.problem == ""

    asyncio.run(story())


def test_scene_and_report_come_only_when_there_is_one(make_reader: Any) -> None:
    async def story() -> None:
        logic = make_reader()
        await logic.start()
        async with Served(logic) as served:
            assert (await served.save("report.html"))[0] == 409
            assert "predict, then save" in logic.state.problem
            assert (await served.save("something.else"))[0] == 404
            await logic.predict()
            status, page = await served.save("report.html")
            assert status == 200
            assert f"{logic.state.result.risk:.1f} %" in page.decode()
            status, scene = await served.save("scene.mrb")
            assert status == 200
            assert scene.startswith(b"PK"), "a zip file"
            logic.close()
            assert (await served.save("scene.mrb"))[0] == 409
            assert logic.state.problem == "No case is open; open one first."

    asyncio.run(story())


@pytest.mark.parametrize("name", ["AP.nrrd", "series 1/IM0001", "a\\b.dcm", "ä.nii.gz"])
def test_names_that_stay_in_their_folder(name: str) -> None:
    assert not safe_path(name).is_absolute()
    assert ".." not in safe_path(name).parts


@pytest.mark.parametrize("name", ["", "..", "../a", "a/../../b", "/etc/passwd", "C:\\a", "..\\a", "a\0b"])
def test_names_that_would_leave_it(name: str) -> None:
    with pytest.raises(InputError, match="file name"):
        safe_path(name)
