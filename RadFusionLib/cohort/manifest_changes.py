"""Whether a manifest on disk is still the one that was read."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from RadFusionLib.cohort.manifest import CaseRow, Manifest, read_manifest
from RadFusionLib.errors import ManifestError

__all__ = ["changed_cases"]

AGAIN = "run again with --resume, which repeats only what changed"


def changed_cases(manifest: Manifest, parts: Collection[str] | None = None) -> Mapping[str, str]:
    """The cases whose rows are no longer as they were read, each with a sentence.

    A run that takes hours works on the manifest as it was at its start; a result that no longer belongs to the row on
    disk would be taken for one that does.

    Parameters
    ----------
    manifest : Manifest
        As it was read; cases that it leaves out on purpose are not looked at.
    parts : collection of str, optional
        The attributes of :class:`CaseRow` that count; all of them by default.

    Raises
    ------
    ManifestError
        When it cannot be read any more.
    """
    try:
        now = {row.id: row for row in read_manifest(manifest.path)}
    except ManifestError as error:
        raise ManifestError(
            f"The manifest changed while the run was under way and can no longer be read; mend it and {AGAIN}: {error}"
        ) from error
    changed = {}
    for row in manifest:
        if row.id not in now:
            changed[row.id] = f"Case {row.id} left the manifest while the run was under way; {AGAIN}."
        elif _content(row, parts) != _content(now[row.id], parts):
            changed[row.id] = f"The manifest's row of case {row.id} changed while the run was under way; {AGAIN}."
    return changed


def _content(row: CaseRow, parts: Collection[str] | None) -> str:
    # As text, since an empty cell is NaN, which never equals itself.
    content = {name: value for name, value in vars(row).items() if parts is None or name in parts}
    return repr(sorted(content.items()))
