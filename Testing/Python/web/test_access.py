"""Who is let in: on this machine its own page, from elsewhere whoever knows the token, and nobody else's page."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, WSServerHandshakeError, web

from RadFusionLib.web.access import Access, is_loopback

TOKEN = "a-token-of-this-test"


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)],
)
def test_this_machines_own_addresses(host: str, own: bool) -> None:
    assert is_loopback(host) is own
    assert bool(Access(host).token) is not own


def test_two_tokens_differ_and_a_given_one_is_kept() -> None:
    assert Access("0.0.0.0").token != Access("0.0.0.0").token
    assert len(Access("0.0.0.0").token) >= 32
    assert Access("127.0.0.1", TOKEN).token == TOKEN


class Served:
    """A page and a web socket behind the guard, and what a client gets of them."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def __aenter__(self) -> Served:
        application = web.Application()
        application.router.add_get("/", _page)
        application.router.add_get("/ws", _echo)
        self._access.guard(application)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        # A jar keeps no cookie of an address in numbers unless it is told to; browsers do.
        self.session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        return self

    async def __aexit__(self, *unused: Any) -> None:
        await self.session.close()
        await self._runner.cleanup()

    async def page(self, query: str = "", **headers: str) -> int:
        async with self.session.get(f"http://127.0.0.1:{self.port}/{query}", headers=headers) as response:
            return response.status

    async def socket(self, query: str = "", **headers: str) -> int:
        try:
            async with self.session.ws_connect(f"http://127.0.0.1:{self.port}/ws{query}", headers=headers) as socket:
                await socket.send_str("hello")
                assert (await socket.receive()).data == "hello"
                return 101
        except WSServerHandshakeError as error:
            return error.status


async def _page(request: web.Request) -> web.Response:
    return web.Response(text="the page")


async def _echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


def test_without_a_token_only_the_own_page_is_answered() -> None:
    async def story() -> None:
        async with Served(Access("127.0.0.1")) as served:
            own = f"http://127.0.0.1:{served.port}"
            assert await served.page() == 200
            assert await served.socket(Origin=own) == 101
            assert await served.socket(Origin="http://somewhere.example") == 403
            assert await served.socket(Origin="null") == 403
            assert await served.page(Origin="http://somewhere.example") == 403
            # A name of elsewhere that was made to lead here.
            assert await served.page(Host=f"somewhere.example:{served.port}") == 403

    asyncio.run(story())


def test_with_a_token_page_and_socket_need_it() -> None:
    async def story() -> None:
        async with Served(Access("0.0.0.0", TOKEN)) as served:
            own = f"http://127.0.0.1:{served.port}"
            assert await served.page() == 403
            assert await served.socket(Origin=own) == 403
            assert await served.page("?secret=another") == 403
            assert await served.page("?secret=") == 403
            assert await served.page(f"?secret={TOKEN}") == 200
            # The browser has a cookie now; another browser has none.
            assert await served.page() == 200
            assert await served.socket(Origin=own) == 101
            served.session.cookie_jar.clear()
            assert await served.socket(Origin=own) == 403
            assert await served.socket(f"?secret={TOKEN}", Origin="http://somewhere.example") == 403

    asyncio.run(story())
