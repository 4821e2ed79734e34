"""Keep a small bundle of the present schema, and what it predicts, for the versions to come.

Run it once when the schema's number was raised: a kept bundle is never written anew.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from every_kind import asked, bundle_of_every_kind

from RadFusionLib.bundle.archive import SCHEMA

SCHEMAS = Path(__file__).parent / "schemas"


def main() -> int:
    """Write the bundle and its risks."""
    path = SCHEMAS / f"schema-{SCHEMA}.radfusion"
    if path.exists():
        print(f"{path} is kept already; raise SCHEMA first.")
        return 2
    bundle = bundle_of_every_kind()
    bundle.save(path)
    risks = [asdict(risk) for risk in bundle.ensemble.predict(asked())]
    path.with_suffix(".json").write_text(json.dumps(risks, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
