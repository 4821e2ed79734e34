"""How work on many cases is spread over workers, kept when it is done, and guarded against a second run."""

from RadFusionLib.computing.engine import engine_digest, versions
from RadFusionLib.computing.lock import locked
from RadFusionLib.computing.output import FOLDER, output_of
from RadFusionLib.computing.store import Entry, Store, StoreError, digest_of, file_digest
from RadFusionLib.computing.threads import one_thread, threads_in_use
from RadFusionLib.computing.workers import Died, Workers, here, workers_of

__all__ = [
    "FOLDER",
    "Died",
    "Entry",
    "Store",
    "StoreError",
    "Workers",
    "digest_of",
    "engine_digest",
    "file_digest",
    "here",
    "locked",
    "one_thread",
    "output_of",
    "threads_in_use",
    "versions",
    "workers_of",
]
