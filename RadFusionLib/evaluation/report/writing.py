"""An evaluation on disk: the page, every number, the cases and the checklists."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.plain_record import plain_record
from RadFusionLib.evaluation.record import Evaluation
from RadFusionLib.evaluation.report.checklists import filled_checklists, filled_csv
from RadFusionLib.evaluation.report.html_page import html_page
from RadFusionLib.evaluation.report.sections import report_sections

__all__ = ["check_report_folder", "write_report"]

PAGE, NUMBERS, RISKS, FAILURES = "report.html", "report.json", "risks.csv", "failures.csv"
COLUMNS = ("case", "set", "outcome", "risk", "risk_low", "risk_high", "group", "warnings")


def check_report_folder(out: Path) -> None:
    """Refuse a folder that holds anything but an earlier report.

    Raises
    ------
    InputError
        Which names the folder.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; name a folder for the report.")
    if out.is_dir() and any(out.iterdir()) and not (out / NUMBERS).is_file():
        raise InputError(f"{out} is there already and holds no earlier report; name another folder.")


def write_report(found: Evaluation, out: str | Path) -> Path:
    """Write the whole report, or nothing; an earlier report in the folder is replaced.

    Parameters
    ----------
    found : Evaluation
        What was measured.
    out : path
        Folder: ``report.html``, ``report.json``, ``risks.csv``, a CSV a checklist and, when cases failed,
        ``failures.csv``.

    Returns
    -------
    pathlib.Path
        ``out/report.html``.
    """
    out = Path(out)
    check_report_folder(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial, former = (out.parent / f".{out.name}.{os.getpid()}.{end}" for end in ("partial", "former"))
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        _write(found, partial)
        if out.exists():
            os.replace(out, former)
        try:
            os.replace(partial, out)
        except BaseException:
            if former.exists():
                os.replace(former, out)
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)
    return out / PAGE


def _write(found: Evaluation, folder: Path) -> None:
    title = f"Evaluation: {found.bundle.title}"
    page = html_page(title, found.bundle.notice, report_sections(found))
    (folder / PAGE).write_text(page, encoding="utf-8")
    checklists = filled_checklists(found)
    numbers = {
        "notice": found.bundle.notice,
        **plain_record(found),
        "checklists": {
            checklist.key: [
                {"item": i.item.number, "section": i.item.section, "asks": i.item.asks, "known": i.known} for i in items
            ]
            for checklist, items in checklists.items()
        },
    }
    text = json.dumps(numbers, indent=1, sort_keys=True, allow_nan=False)
    (folder / NUMBERS).write_text(text + "\n", encoding="utf-8")
    for checklist, items in checklists.items():
        (folder / f"checklist-{checklist.key}.csv").write_text(filled_csv(items), encoding="utf-8")
    with (folder / RISKS).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for c in found.cases:
            outcome = "" if c.outcome is None else c.outcome
            writer.writerow([c.case, c.set, outcome, c.risk, c.low, c.high, c.group, " ".join(c.warnings)])
    if found.failures:
        with (folder / FAILURES).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["case", "reason"])
            writer.writerows(found.failures.items())
