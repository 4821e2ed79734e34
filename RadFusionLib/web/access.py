"""Who may open the page."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Access", "is_loopback"]

COOKIE = "radfusion-reader"


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """Lets those in who know the token, from the page's own origin.

    The token is asked for on every file of the page and on its web socket. A page of another origin that runs in the
    reader's browser is refused even where there is no token, and so is a name that only pretends to be this machine.

    Parameters
    ----------
    host : str
        The address that is bound.
    token : str
        Given by the user; on an address other than this machine's own, one is made when it is empty.
    """

    def __init__(self, host: str, token: str = "") -> None:
        self._loopback = is_loopback(host)
        self.token = token or ("" if self._loopback else secrets.token_urlsafe(24))

    def refusal(self, headers: Any, cookies: Any, query: Any) -> str:
        """Return why a request is refused; empty when it is not."""
        host = str(headers.get("Host", ""))
        if self._loopback and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            return "This reader answers to 127.0.0.1 and localhost only."
        origin = headers.get("Origin")
        if origin is not None and urlsplit(str(origin)).netloc != host:
            return "This reader answers to its own page only."
        if (
            self.token
            and not self._known(str(query.get("secret", "")))
            and not self._known(str(cookies.get(COOKIE, "")))
        ):
            return "This reader needs its token; open the address that radfusion read printed."
        return ""

    def guard(self, application: Any) -> None:
        """Check every request of an aiohttp application, files and web socket alike."""
        from aiohttp import web

        @web.middleware
        async def check(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
            why = self.refusal(request.headers, request.cookies, request.query)
            if why:
                return web.Response(status=403, text=why)
            response = await handler(request)
            if self.token and not response.prepared and self._known(str(request.query.get("secret", ""))):
                response.set_cookie(COOKIE, self.token, httponly=True, samesite="Strict")
            return response

        application.middlewares.append(check)

    def _known(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())
