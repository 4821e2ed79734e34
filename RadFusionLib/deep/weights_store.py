"""Where the weight files of a user lie, and how they get there: added from a file, or fetched when asked."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from RadFusionLib.deep.checkpoint import Weights, file_sha256, load_weights, random_weights
from RadFusionLib.deep.networks import network_spec
from RadFusionLib.errors import InputError
from RadFusionLib.progress import Stage
from RadFusionLib.resources import resource

__all__ = [
    "PUBLISHED",
    "PublishedWeights",
    "StoredWeights",
    "WeightsStore",
    "resolve_weights",
    "shipped_weights",
]

_INDEX = "weights.json"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class PublishedWeights:
    """Weights that others publish and a user may fetch.

    Parameters
    ----------
    network : str
        What they are for.
    url : str
        Where they lie.
    sha256 : str
        SHA-256 of the file, or its first digits where the publisher gives no more: torchvision writes eight
        of them into the file's name. The file is refused unless its hash begins with them.
    licence : str
        One line for the user who is about to fetch.
    """

    network: str
    url: str
    sha256: str
    licence: str


PUBLISHED: Mapping[str, PublishedWeights] = {
    "r3d_18": PublishedWeights(
        "r3d_18",
        "https://download.pytorch.org/models/r3d_18-b3b3357e.pth",
        "b3b3357e",
        "torchvision, BSD-3-Clause; trained on Kinetics-400, whose terms also apply",
    ),
    "resnet50": PublishedWeights(
        "resnet50",
        "https://download.pytorch.org/models/resnet50-0676ba61.pth",
        "0676ba61",
        "torchvision, BSD-3-Clause; trained on ImageNet-1k, whose terms (no commercial use) also apply",
    ),
    "resnet101": PublishedWeights(
        "resnet101",
        "https://download.pytorch.org/models/resnet101-63fe2227.pth",
        "63fe2227",
        "torchvision, BSD-3-Clause; trained on ImageNet-1k, whose terms (no commercial use) also apply",
    ),
}
"""The weights that ``radfusion weights fetch NAME`` knows."""


@dataclass(frozen=True)
class StoredWeights:
    """An entry of the store; ``file`` is relative to its folder, ``sha256`` is checked at every loading."""

    name: str
    network: str
    file: str
    sha256: str
    source: str


class WeightsStore:
    """The weight files of this user.

    Parameters
    ----------
    folder : path, optional
        By default ``networks`` in the folder named by the environment variable ``RADFUSION_CACHE``, else in
        ``~/.cache/radfusion``. Made when something is first put there.
    published : mapping, optional
        What can be fetched.
    """

    def __init__(self, folder: str | Path | None = None, published: Mapping[str, PublishedWeights] = PUBLISHED) -> None:
        cache = Path(os.environ.get("RADFUSION_CACHE") or Path.home() / ".cache" / "radfusion")
        self.folder = Path(folder) if folder is not None else cache / "networks"
        self.published = published

    def list(self) -> list[StoredWeights]:
        """Return what is stored, by name."""
        index = self.folder / _INDEX
        if not index.is_file():
            return []
        try:
            entries = json.loads(index.read_text(encoding="utf-8"))
            return [StoredWeights(**entry) for entry in sorted(entries, key=lambda entry: entry["name"])]
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{index} cannot be read; delete it and add the weights again.") from error

    def add(self, path: str | Path, name: str | None = None, network: str | None = None) -> StoredWeights:
        """Check a weights file, copy it into the store and record its hash.

        Parameters
        ----------
        path : path
            As :func:`~RadFusionLib.deep.checkpoint.load_weights` reads.
        name : str, optional
            To ask for it by; by default the network's name, so that it becomes what that network uses.
        network : str, optional
            As :func:`~RadFusionLib.deep.checkpoint.load_weights` takes it.

        Raises
        ------
        InputError
            When the file does not fit; the store is then unchanged.
        """
        path = Path(path)
        weights = load_weights(path, network)
        with self._incoming(path.suffix) as partial:
            shutil.copyfile(path, partial)
            return self._keep(partial, path.suffix, name or weights.network, weights)

    def fetch(self, name: str, progress: Stage | None = None) -> StoredWeights:
        """Download published weights, check their hash and that they fit, and store them.

        Raises
        ------
        InputError
            When the name is unknown, the download fails, or the file is not the published one; nothing is
            kept.
        """
        if name not in self.published:
            known = ", ".join(self.published) or "none"
            raise InputError(f"There are no published weights named {name!r} to fetch (known: {known}).")
        published = self.published[name]
        suffix = Path(published.url).suffix
        with self._incoming(suffix) as partial:
            digest = _download(published.url, partial, progress or Stage())
            if not digest.startswith(published.sha256.lower()):
                raise InputError(
                    f"The file at {published.url} has SHA-256 {digest[:16]}..., not {published.sha256}...; "
                    "it is not the published one and was not kept."
                )
            weights = load_weights(partial, published.network)
            return self._keep(partial, suffix, name, weights)

    def load(self, name: str) -> Weights:
        """Load stored weights after checking that the file is still the one that was added.

        Raises
        ------
        InputError
            When there are none of that name, or the file was altered.
        """
        for entry in self.list():
            if entry.name == name:
                path = self.folder / entry.file
                if not path.is_file() or file_sha256(path) != entry.sha256:
                    raise InputError(f"The stored weights {path} are missing or altered; add or fetch {name} again.")
                return load_weights(path, entry.network)
        raise InputError(
            f"There are no weights for {name} here; fetch them with `radfusion weights fetch {name}`, "
            "add a file with `radfusion weights add FILE`, or ask for `--weights random`."
        )

    @contextmanager
    def _incoming(self, suffix: str) -> Iterator[Path]:
        """A file in the store's folder that is gone afterwards unless it was kept."""
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f".incoming-{os.getpid()}{suffix}"
        try:
            yield partial
        finally:
            partial.unlink(missing_ok=True)

    def _keep(self, partial: Path, suffix: str, name: str, weights: Weights) -> StoredWeights:
        digest = file_sha256(partial)
        entry = StoredWeights(name, weights.network, f"{weights.network}-{digest[:16]}{suffix}", digest, weights.source)
        entries = [other for other in self.list() if other.name != name] + [entry]
        partial.replace(self.folder / entry.file)
        index = self.folder / f".{_INDEX}-{os.getpid()}"
        index.write_text(json.dumps([asdict(e) for e in entries], indent=1), encoding="utf-8")
        index.replace(self.folder / _INDEX)
        return entry


def shipped_weights(network: str = "compact") -> Weights:
    """Return the weights that come with RadFusion: those of ``compact``.

    Raises
    ------
    InputError
        When none are shipped for the network.
    """
    path = resource("Networks", f"{network}.safetensors")
    if not path.is_file():
        raise InputError(f"No weights for {network} come with RadFusion; fetch, add or name a file of them.")
    return load_weights(path, network, source=f"shipped {network}")


def resolve_weights(
    network: str, choice: str | Path | None = None, *, seed: int = 0, store: WeightsStore | None = None
) -> Weights:
    """Return the weights that a recipe or a command asks for.

    Parameters
    ----------
    network : str
        What they must fit.
    choice : str or path, optional
        ``"random"`` (drawn from ``seed``, and the record says so), ``"shipped"``, ``"kinetics"`` or ``"imagenet"``
        (what the store has under the network's own name), a file, or a name in the store. By default the shipped
        ones where there are some, else the stored ones of the network's own name.
    seed : int
        See ``choice``.
    store : WeightsStore, optional
        By default the user's.
    """
    spec = network_spec(network)
    store = store or WeightsStore()
    if choice == "random":
        return random_weights(spec.name, seed)
    if choice == "shipped" or (choice is None and resource("Networks", f"{spec.name}.safetensors").is_file()):
        return shipped_weights(spec.name)
    if choice in (None, "kinetics", "imagenet"):
        return store.load(spec.name)
    if any(entry.name == str(choice) for entry in store.list()):
        weights = store.load(str(choice))
        if weights.network != spec.name:
            raise InputError(f"The stored weights {choice} are for {weights.network}, not for {spec.name}.")
        return weights
    return load_weights(choice, spec.name)


def _download(url: str, path: Path, progress: Stage) -> str:
    """Write what is at ``url`` to ``path`` and return its SHA-256."""
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=60) as response, path.open("wb") as stream:
            whole = int(response.headers.get("Content-Length") or 0)
            done = 0
            while block := response.read(_BLOCK):
                stream.write(block)
                digest.update(block)
                done += len(block)
                progress(done / whole if whole else 0.0, f"fetching {Path(url).name}, {done / 1e6:.0f} MB")
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise InputError(
            f"{url} could not be fetched ({error}); check the connection, or add the file with `radfusion weights add`."
        ) from error
    if whole and done != whole:
        raise InputError(f"{url} ended after {done} of {whole} bytes; fetch it again.")
    return digest.hexdigest()
