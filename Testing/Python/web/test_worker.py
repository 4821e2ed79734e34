"""The process beside the page."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import RadFusionLib
from RadFusionLib.bundle import Bundle
from RadFusionLib.cohort import load_case, read_manifest


def test_the_worker_process_predicts_cancels_and_is_missed_when_it_dies(bundle_path: Path, cohort: Path) -> None:
    from RadFusionLib.errors import Cancelled, InputError, RadFusionError
    from RadFusionLib.web.worker import Worker

    bundle = Bundle.load(bundle_path)
    row = read_manifest(cohort).row("c1")
    case = load_case(row, bundle.recipe.phases)
    expected = RadFusionLib.predict(bundle, case)

    async def story() -> None:
        worker = Worker(bundle_path)
        try:
            heard: list[float] = []
            found = await worker.ask("predict", case, 0, report=lambda fraction, message: heard.append(fraction))
            assert found.explanation["risk"] == pytest.approx(expected.risk, abs=1e-12)
            assert np.array_equal(found.heatmap.array, expected.heatmap.array)
            assert heard == sorted(heard)
            assert heard[-1] == 1.0

            def stop(fraction: float, message: str) -> None:
                if fraction > 0.2:
                    worker.cancel()

            with pytest.raises(Cancelled):
                await worker.ask("predict", case, 0, report=stop)
            with pytest.raises(InputError, match="predict the case again"):
                await worker.ask("what_if", found.number, case.clinical)

            def stop_at_the_end(fraction: float, message: str) -> None:
                if fraction == 1.0:
                    worker.cancel()

            with pytest.raises(Cancelled):
                await worker.ask("predict", case, 0, report=stop_at_the_end)
            assert (await worker.ask("facts")).name == bundle.name

            def die(fraction: float, message: str) -> None:
                worker._process.kill()

            with pytest.raises(RadFusionError, match="stopped unexpectedly"):
                await worker.ask("predict", case, 0, report=die)
            worker._process.join()
            assert (await worker.ask("facts")).name == bundle.name
        finally:
            worker.stop()

    asyncio.run(story())
