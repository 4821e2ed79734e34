"""Write the peritumoral shell of a tumour mask."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from RadFusionLib.cli.options import check_out_folder
from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import (
    check_writable,
    mask_on_grid,
    peritumoral_shell,
    read_image,
    read_mask,
    refuse_single_slice,
    write_volume,
)

HELP = "write the peritumoral shell of a tumour mask"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tumor", required=True, help="mask: NRRD, NIfTI or .seg.nrrd, perhaps FILE#segment")
    parser.add_argument("--margin", type=float, default=10.0, help="mm (default 10)")
    parser.add_argument("--within", help="liver mask that the shell must stay in")
    parser.add_argument("--reference", help="image on whose grid the shell is wanted; default: the mask's own")
    parser.add_argument("--out", required=True, type=Path, help="NRRD or NIfTI to write")


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    check_writable(options.out)
    check_out_folder(options.out.parent)
    if not (math.isfinite(options.margin) and options.margin > 0):
        raise InputError(f"--margin is {options.margin:g} mm; give a positive number.")
    # As stored, not turned to L, P, S: the shell lies voxel by voxel on the file that it was asked for.
    tumor = read_mask(options.tumor, "tumor", canonical=False)
    what = f"tumor mask {options.tumor}"
    refuse_single_slice(tumor, what)
    if options.reference:
        tumor, notice = mask_on_grid(tumor, read_image(options.reference, canonical=False), what)
        refuse_single_slice(tumor, what)
        if notice:
            bar.say(notice)
    liver = None
    if options.within:
        drawn = read_mask(options.within, "liver", canonical=False)
        liver, _ = mask_on_grid(drawn, tumor, f"liver mask {options.within}", whole=False, where="tumor mask's grid")
    shell = peritumoral_shell(tumor, options.margin, liver)
    write_volume(shell.mask, options.out)
    volume = float(shell.mask.array.sum()) * shell.mask.geometry.voxel_volume / 1000.0
    bar.say(
        f"{options.out}: {volume:.1f} ml within {options.margin:g} mm; {100 * shell.clipped_fraction:.1f} % was clipped"
    )
    if shell.touches_edge:
        bar.say("The shell reaches the edge of the image; what lies beyond is not seen.")
    return 0, {
        "out": str(options.out),
        "volume_ml": volume,
        "clipped_fraction": shell.clipped_fraction,
        "touches_edge": shell.touches_edge,
    }
