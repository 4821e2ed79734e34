"""A scene that was saved and is added again shows its result, its pictures and what-if, or says why not."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing_by_hand import grow, settle

from RadFusionLib.bundle import Bundle
from RadFusionLib.scene import (
    case_from_scene,
    load_scene,
    mask_from_segment,
    mask_to_segment,
    private_scene,
    save_scene,
    volume_from_node,
    volume_to_node,
)
from RadFusionLib.scene.segmentations import reference_geometry
from RadFusionLib.scene.text_tables import read_table, write_table

AFP = "95"


@pytest.fixture
def new_bench(bundle_path: Path) -> Any:
    """As after a new start: nothing is known of what was predicted before."""
    from conftest import NearBench

    return NearBench(bundle_path)


async def _saved(logic: Any, path: Path) -> dict[str, Any]:
    """Predict, save, and return what was shown; and what another AFP gives."""
    await logic.start()
    await logic.predict()
    shown = _shown(logic)
    before = logic.state.clinical.rows
    own = next(row.value for row in before if row.name == "AFP")
    logic.set_clinical("AFP", AFP)
    await settle(0.2)
    what_if = _shown(logic)
    assert abs(what_if["result"]["risk"] - shown["result"]["risk"]) > 1
    logic.set_clinical("AFP", own)
    await settle(0.2)
    assert await logic.save_scene(path) == path
    assert logic.state.remark == ""
    logic.close()
    return {"shown": shown, "what if": what_if}


def _shown(logic: Any) -> dict[str, Any]:
    heatmap = next(
        (
            volume_from_node(node).array
            for node in (logic.app.scene.GetFirstNodeByName(f"{name} heatmap") for name in ("c0", "again"))
            if node is not None
        ),
        None,
    )
    return {
        "result": dataclasses.asdict(logic.state.result),
        "nomogram": dataclasses.asdict(logic.state.nomogram),
        "heatmap": heatmap,
        "legend": dataclasses.asdict(logic.state.heatmap),
    }


def _add(folder: Path, scene: Path, name: str = "again") -> Path:
    """A folder as the upload makes it."""
    place = folder / f"upload {name}" / name
    place.mkdir(parents=True)
    shutil.copy(scene, place / "scene.mrb")
    return place.parent


def _same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for part in ("result", "nomogram"):
        found_part, expected_part = dict(found[part]), dict(expected[part])
        for key, value in expected_part.items():
            if isinstance(value, float):
                assert found_part[key] == pytest.approx(value, abs=1e-6), key
            else:
                assert found_part[key] == value, key
    assert np.array_equal(found["heatmap"], expected["heatmap"])


def test_the_result_comes_back_with_its_pictures_and_what_if(
    make_reader: Callable[..., Any], new_bench: Any, tmp_path: Path
) -> None:
    async def story() -> None:
        before = await _saved(make_reader(), tmp_path / "scene.mrb")
        assert before["shown"]["nomogram"]["rows"]
        assert before["shown"]["result"]["terms"]
        logic = make_reader(bench=new_bench)
        await logic.start()
        assert await logic.add(_add(tmp_path, tmp_path / "scene.mrb"))
        assert logic.state.problem == ""
        assert logic.state.case.title == "again"
        assert logic.state.prediction.stale == ""
        _same(_shown(logic), before["shown"])
        assert _shown(logic)["legend"] == before["shown"]["legend"]
        logic.set_clinical("AFP", AFP)
        await settle(0.2)
        assert logic.state.problem == ""
        _same(_shown(logic), before["what if"])
        # What has changed since needs new features; back at the contour, the result is that of the case again.
        tumor = logic.reading.tumor()
        grow(logic)
        await settle()
        assert "must be computed again" in logic.state.prediction.stale
        mask_to_segment(tumor, logic.reading.segmentation, "tumor")
        logic.app.segmentation_editor.segmentation_modified()
        await settle()
        assert logic.state.prediction.stale == ""
        # A new prediction of what was opened is the one that was saved.
        await logic.predict()
        assert logic.state.problem == ""
        assert logic.state.result.risk == pytest.approx(before["what if"]["result"]["risk"], abs=1e-4)

    asyncio.run(story())


def test_a_result_that_came_back_is_saved_again(
    make_reader: Callable[..., Any], new_bench: Any, tmp_path: Path
) -> None:
    async def story() -> None:
        before = await _saved(make_reader(), tmp_path / "scene.mrb")
        logic = make_reader(bench=new_bench)
        await logic.start()
        await logic.add(_add(tmp_path, tmp_path / "scene.mrb", "once"))
        assert await logic.save_scene(tmp_path / "second.mrb") == tmp_path / "second.mrb"
        assert logic.state.remark == ""
        assert await logic.save_report(tmp_path / "report.html") is None
        assert "predict the case again" in logic.state.problem
        await logic.add(_add(tmp_path, tmp_path / "second.mrb"))
        _same(_shown(logic), before["shown"])
        grow(logic)
        await settle()
        await logic.save_scene(tmp_path / "changed.mrb")
        assert "without a prediction" in logic.state.remark
        await logic.add(_add(tmp_path, tmp_path / "changed.mrb", "changed"))
        assert logic.state.problem == ""
        assert not logic.state.result.shown
        assert logic.state.case.title == "changed"

    asyncio.run(story())


def test_what_somebody_changed_in_the_file_is_said(make_reader: Callable[..., Any], tmp_path: Path) -> None:
    """As in Slicer between saving and opening: the tumour redrawn, an image altered, another clinical value."""

    def change(what: str) -> Path:
        path = tmp_path / f"{what}.mrb"
        with private_scene() as scene:
            load_scene(tmp_path / "scene.mrb", scene)
            if what == "contours":
                node = scene.GetFirstNodeByName("c0 segmentation")
                mask = mask_from_segment(node, "tumor", reference_geometry(node))
                grown = mask.with_array(mask.array | np.roll(mask.array, 1, axis=2))
                mask_to_segment(grown, node, "tumor")
            elif what == "images":
                node = scene.GetFirstNodeByName("c0 AP")
                image = volume_from_node(node)
                volume_to_node(image.with_array(1.1 * image.array), "c0 AP", scene, node)
            else:
                node = scene.GetFirstNodeByName("c0 clinical values")
                rows = [(name, AFP if name == "AFP" else value) for name, value in read_table(node)]
                write_table(node.GetName(), ("name", "value"), rows, node=node)
            return save_scene(path, scene)

    async def story() -> None:
        before = await _saved(make_reader(), tmp_path / "scene.mrb")
        logic = make_reader()
        await logic.start()
        for what in ("contours", "images"):
            await logic.add(_add(tmp_path, change(what), what))
            await settle()
            assert logic.state.problem == ""
            assert logic.state.prediction.stale == f"Since the prediction its {what} have changed. Predict again."
            assert logic.state.result.risk == pytest.approx(before["shown"]["result"]["risk"], abs=1e-6)
            await logic.save_scene(tmp_path / "after.mrb")
            assert "without a prediction" in logic.state.remark
        await logic.predict()
        assert logic.state.prediction.stale == ""
        await logic.add(_add(tmp_path, change("clinical")))
        await settle()
        assert logic.state.prediction.stale == ""
        _same(_shown(logic), before["what if"])

    asyncio.run(story())


def test_a_result_of_another_bundle_is_shown_and_said_to_be_one(
    make_reader: Callable[..., Any], bundle_path: Path, tmp_path: Path
) -> None:
    from conftest import NearBench

    bundle = Bundle.load(bundle_path)
    other = dataclasses.replace(bundle, card=f"{bundle.card}\nTrained again.\n").save(tmp_path / "other.radfusion")

    async def story() -> None:
        before = await _saved(make_reader(), tmp_path / "scene.mrb")
        logic = make_reader(bench=NearBench(other))
        await logic.start()
        await logic.add(_add(tmp_path, tmp_path / "scene.mrb"))
        await settle()
        assert logic.state.problem == ""
        assert logic.state.prediction.stale == "This risk is by another bundle. Predict again."
        assert logic.state.result.terms == make_terms(before)
        assert logic.state.nomogram.rows == []
        logic.set_clinical("AFP", AFP)
        await settle(0.2)
        assert "predict the case again" in logic.state.problem
        await logic.predict()
        assert logic.state.prediction.stale == ""
        assert logic.state.nomogram.rows != []

    def make_terms(before: dict[str, Any]) -> list[Any]:
        from RadFusionLib.reading.result_words import TermRow

        return [TermRow(**term) for term in before["shown"]["result"]["terms"]]

    asyncio.run(story())


def test_what_cannot_be_opened_is_said_and_the_next_case_opens(make_reader: Callable[..., Any], tmp_path: Path) -> None:
    def rewritten(name: str, part: str, old: str, new: str) -> Path:
        path = tmp_path / f"{name}.mrb"
        with zipfile.ZipFile(tmp_path / "scene.mrb") as source, zipfile.ZipFile(path, "w") as target:
            for entry in source.namelist():
                content = source.read(entry)
                if entry.endswith(part):
                    assert old.encode() in content
                    content = content.replace(old.encode(), new.encode())
                target.writestr(entry, content)
        return path

    async def story() -> None:
        await _saved(make_reader(), tmp_path / "scene.mrb")
        (tmp_path / "none.mrb").write_bytes(b"no zip at all")
        secret = tmp_path / "secret.nrrd"
        with private_scene() as scene:
            load_scene(tmp_path / "scene.mrb", scene)
            assert case_from_scene(scene).id == "c0"
        wrong = (
            (tmp_path / "none.mrb", "is not a scene bundle"),
            (rewritten("text", "prediction.txt", '"names"', '"nouns"'), "predict the case again"),
            (rewritten("brace", "prediction.txt", '{"bundle"', '{{"bundle"'), "predict the case again"),
            (rewritten("absolute", ".mrml", "Data/c0%20AP.nrrd", str(secret)), "names files outside itself"),
            (rewritten("upwards", ".mrml", "Data/c0%20AP.nrrd", "Data/%2e%2e/../c0 AP.nrrd"), "names files outside"),
            (rewritten("caseless", ".mrml", "RadFusion.phase:", "RadFusion.chase:"), "The scene holds"),
        )
        logic = make_reader()
        await logic.start()
        for number, (path, sentence) in enumerate(wrong):
            await logic.add(_add(tmp_path, path, f"wrong-{number}"))
            assert sentence in logic.state.problem, path.name
            assert "unexpectedly" not in logic.state.problem
            assert logic.reading is None
        both = _add(tmp_path, tmp_path / "scene.mrb", "both")
        (both / "both" / "AP.nrrd").write_bytes(b"0")
        assert not await logic.add(both)
        assert "add it without other files" in logic.state.problem
        await logic.open(0)
        assert logic.state.problem == ""

    asyncio.run(story())
