"""Predict the risk of every case of a manifest, with explanation and heatmap."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from RadFusionLib.cli.failures import report_failures
from RadFusionLib.cli.options import add_scale, check_out_folder, chosen_workers, jobs
from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.errors import InputError

HELP = "predict the risk of every case of a manifest"
WRITABLE = ("heatmap", "explanation", "report", "scene", "overlay", "dicom")
DEFAULT = "heatmap,explanation,report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--out", required=True, type=Path, help="folder")
    parser.add_argument(
        "--write", default=DEFAULT, help=f"what to write a case: {','.join(WRITABLE)}, or none (default {DEFAULT})"
    )
    parser.add_argument(
        "--heatmap",
        default="",
        metavar="KIND",
        help="another heatmap than the recipe's: contribution, patch_probability, gradcam, cam or feature[:NAME], and "
        "@JET behind it for other colours",
    )
    parser.add_argument(
        "--no-contours", action="store_true", help="leave out the spread of the risk over plausible contours"
    )
    parser.add_argument(
        "--deidentify",
        action="store_true",
        help="with --write dicom: copy the case's DICOM files without the patient's identity beside the results, which "
        "then have none either",
    )
    parser.add_argument(
        "--deidentify-key",
        type=Path,
        metavar="FILE",
        help="a secret of your own: with it, nobody who has the original UIDs can tell which they became",
    )
    parser.add_argument("--case", action="append", help="only this case (may be given again)")
    parser.add_argument(
        "--jobs", type=jobs, default=1, help="processes, or threads for a single case (default 1; 0 for all cores)"
    )
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda, for networks and CR features")
    add_scale(parser)
    parser.add_argument(
        "--allow-demonstration",
        action="store_true",
        help="let a bundle trained on simulated cases predict other cases, to try the software",
    )


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    from RadFusionLib.bundle import Bundle
    from RadFusionLib.cohort import read_manifest
    from RadFusionLib.computing import FOLDER, here, output_of
    from RadFusionLib.workflow.case_files import SceneWriter
    from RadFusionLib.workflow.cohort_prediction import predict_cohort
    from RadFusionLib.workflow.cohort_work import none_done

    wanted = set() if options.write == "none" else {w.strip() for w in options.write.split(",") if w.strip()}
    if wanted - set(WRITABLE):
        raise InputError(
            f"--write does not know {', '.join(sorted(wanted - set(WRITABLE)))}; use {', '.join(WRITABLE)}."
        )
    if (options.deidentify and "dicom" not in wanted) or (options.deidentify_key and not options.deidentify):
        raise InputError("--deidentify strips DICOM results: add --write dicom; --deidentify-key goes with it.")
    check_out_folder(options.out)
    bundle = Bundle.load(options.bundle)
    manifest = read_manifest(options.manifest)
    rows = [manifest.row(case) for case in dict.fromkeys(options.case)] if options.case else list(manifest)
    writer: SceneWriter | None = None
    if "scene" in wanted:
        from RadFusionLib.scene import write_scene

        writer = write_scene
    alone = len(rows) == 1 and not options.scheduler
    workers = here if alone else chosen_workers(options)
    failed = options.out / "failures.csv"
    written = (failed, options.out / "risk.csv", *(options.out / row.id for row in rows))
    with output_of(options.out.absolute() / FOLDER, options.out, written) as store:
        delivered = predict_cohort(
            bundle,
            rows,
            options.out,
            wanted,
            scene_writer=writer,
            heatmap=options.heatmap,
            contours=not options.no_contours,
            threads=options.jobs if alone else 1,
            device=options.device,
            allow_demonstration=options.allow_demonstration,
            workers=workers,
            store=store,
            resume=options.resume,
            manifest=manifest.path,
            deidentified=_key(options),
            progress=bar,
            say=bar.say,
        )
        if not delivered.risks:
            raise none_done(delivered.failures, "predicted")
        code = report_failures(delivered.failures, failed, bar)
    if options.resume:
        bar.say(f"{delivered.resumed} cases had been finished before")
    bar.say(f"{options.out / 'risk.csv'}: {len(delivered.risks)} cases")
    bar.say(bundle.notice)
    result = {"out": str(options.out), "risks": delivered.risks, "failures": delivered.failures}
    return code, result | {"resumed": delivered.resumed}


def _key(options: argparse.Namespace) -> bytes | None:
    """What goes into the hashes that replace UIDs; None where identities are kept."""
    if not options.deidentify:
        return None
    return bytes(options.deidentify_key.read_bytes()) if options.deidentify_key else b""
