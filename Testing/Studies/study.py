"""Run a study and print its figures as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import calibration
import demonstration_bundle
import discrimination
import doubt
import intervals
import maps
import networks
import patches
import permutations
import real_labels
import recipes
import scale

from RadFusionLib.cli.progress_bar import ProgressBar

STUDIES = {
    "bundle": demonstration_bundle.run,
    "discrimination": discrimination.run,
    "doubt": doubt.run,
    "backbone": discrimination.run_backbone,
    "permutations": permutations.run,
    "leak": permutations.run_leak,
    "recipes": recipes.run,
    "recipes-leak": recipes.run_leak,
    "intervals": intervals.run,
    "calibration": calibration.run,
    "maps": maps.run,
    "patches": patches.run,
    "networks": networks.run,
    "real-labels": real_labels.run,
    "scale": scale.run,
}


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=(*STUDIES, "all"))
    parser.add_argument("--folder", type=Path, default=Path("build/studies"), help="where cohorts and figures are kept")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in STUDIES if options.study == "all" else (options.study,):
        with ProgressBar() as bar:
            figures = STUDIES[name](options.folder, options.jobs, bar)
        text = json.dumps({name: figures}, indent=1)
        (options.folder / f"{name}.json").write_text(text, encoding="utf-8")
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
