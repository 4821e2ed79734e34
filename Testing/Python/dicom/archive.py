"""A DICOM archive for tests: Orthanc on free ports of this machine, with a folder of its own."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

TITLE = "RADFUSIONTEST"


@dataclass(frozen=True)
class Archive:
    """Where a running archive listens: its address for the web, and its port for DICOM."""

    address: str
    port: int


@contextmanager
def running(folder: Path) -> Iterator[Archive]:
    """Start Orthanc, wait until it answers, and end it; skips where it is not installed."""
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
    if program is None:
        pytest.skip("Orthanc is not installed; on Debian: apt-get install orthanc")
    web, dicom = _free_ports()
    settings = {
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "HttpPort": web,
        "DicomPort": dicom,
        "DicomAet": TITLE,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowGet": True,
        "DicomCheckModalityHost": False,
        "DicomModalities": {"test": ["TESTER", "127.0.0.1", 104]},
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "HttpBindAddresses": ["127.0.0.1"],
        "Plugins": [],
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, folder / "settings.json"], stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{web}"
        _wait(address, process, folder / "log")
        yield Archive(address, dicom)
    finally:
        process.terminate()
        process.wait(30)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{address}/system", timeout=2).read()
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
    raise AssertionError(log.read_text())
