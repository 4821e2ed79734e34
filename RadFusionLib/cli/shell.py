"""Write the peritumoral shell of a tumour mask."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.imaging import mask_on_grid, peritumoral_shell, read_image, read_mask, write_volume

HELP = "write the peritumoral shell of a tumour mask"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tumor", required=True, help="mask: NRRD, NIfTI or .seg.nrrd, perhaps FILE#segment")
    parser.add_argument("--margin", type=float, default=10.0, help="mm (default 10)")
    parser.add_argument("--within", help="liver mask that the shell must stay in")
    parser.add_argument("--reference", help="image on whose grid the shell is wanted; default: the mask's own")
    parser.add_argument("--out", required=True, type=Path, help="NRRD or NIfTI to write")


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    tumor = read_mask(options.tumor, "tumor")
    if options.reference:
        tumor, _ = mask_on_grid(tumor, read_image(options.reference), "tumor mask")
    liver = None
    if options.within:
        liver, _ = mask_on_grid(read_mask(options.within, "liver"), tumor, "liver mask", whole=False)
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
