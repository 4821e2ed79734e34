"""The running reader against a visitor who means harm: other files, other origins, floods, other machines."""

from __future__ import annotations

import asyncio
import http.client
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, WSMsgType

OTHER_FILES = (
    "/../../../../../../etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
    "//etc/passwd",
    "/assets/../../../../../../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/etc/passwd%00.html",
)
FLOOD = 64 << 20


@pytest.fixture(scope="module")
def address(serve_reader: Callable[..., str], bundle_path: Path, cohort: Path) -> str:
    return serve_reader("--bundle", str(bundle_path), "--manifest", str(cohort), "--token", "of-this-test")


def answer(address: str, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Status and body, the path sent as it is."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        connection.request(method, path, body=body or None, headers=headers)
        found = connection.getresponse()
        return found.status, found.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", OTHER_FILES)
def test_no_file_beside_the_page_is_served(address: str, path: str) -> None:
    for asked in (path, f"{path}?secret=of-this-test"):
        status, body = answer(address, asked)
        assert status >= 400
        assert b"root:" not in body


def test_token_origin_and_host_are_asked_for(address: str) -> None:
    assert answer(address, "/")[0] == 403
    assert answer(address, "/?secret=of-this-test")[0] < 400
    assert answer(address, "/?secret=of-this-test", Origin="http://somewhere.example")[0] == 403
    assert answer(address, "/?secret=of-this-test", Host="somewhere.example")[0] == 403


def test_a_flood_is_not_taken_in(address: str) -> None:
    """Neither as a request's body nor as a message on the socket."""
    status, _ = answer(address, "/?secret=of-this-test", "POST", b"x" * (4 << 20))
    assert status >= 400

    async def flood() -> WSMsgType:
        url = f"ws://{urlsplit(address).netloc}/ws?secret=of-this-test"
        async with ClientSession() as session, session.ws_connect(url, max_msg_size=0) as socket:
            await socket.send_bytes(bytes(FLOOD))
            while (message := await socket.receive(60)).type in (WSMsgType.TEXT, WSMsgType.BINARY):
                pass
            return message.type

    with suppress(ConnectionError):
        assert asyncio.run(flood()) in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR)
    assert answer(address, "/?secret=of-this-test")[0] < 400


def test_it_listens_on_this_machine_alone(address: str) -> None:
    port = urlsplit(address).port
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    if not tables[0].exists():
        pytest.skip("only Linux lists its sockets in /proc/net")
    lines = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    listening = [
        words[1].split(":")[0] for words in lines if words[3] == "0A" and int(words[1].split(":")[1], 16) == port
    ]
    assert listening == [struct.pack("<I", int.from_bytes(bytes([127, 0, 0, 1]), "big")).hex().upper()]
