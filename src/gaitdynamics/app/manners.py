"""What every answer of the service carries, and which requests are not answered at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

#: The page loads what is ours and nothing else; the report, which is framed, brings its own policy.
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {}"
)

#: The report is one file with its scripts in it, and holds names from files of users: it runs in a sandbox without the
#: rights of the page, and loads nothing.
REPORT_POLICY: Final = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; connect-src data: blob:; worker-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

_SAFE: Final = ("GET", "HEAD")

#: Method of uploads, which are counted while they come. Of all other bodies these are the most bytes.
_UPLOAD: Final = "PUT"
_MOST_BYTES: Final = 100_000


class Manners:
    """Middleware: security headers on every answer; requests of other sites' pages are refused.

    Parameters
    ----------
    app
        The service.
    hosts
        Names by which the service may be called; None for any. A service for this machine alone takes no others, so
        that a page elsewhere cannot reach it under a name that it made point here (DNS rebinding).
    embed_in
        Origins of pages that may frame the app, as a hosted space does.
    """

    def __init__(self, app: Asgi, *, hosts: Sequence[str] | None, embed_in: Sequence[str] = ()) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)
        headers = {
            "content-security-policy": _PAGE_POLICY.format(" ".join(embed_in) or "'none'"),
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=()",
            "cache-control": "no-store",
        }
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def polite(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                added = [(name, value) for name, value in self._headers if name not in given]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, polite)
            return
        status, reason = refusal
        await polite({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
        await polite({"type": "http.response.body", "body": reason.encode()})

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if self._hosts is not None and _host_name(host) not in self._hosts:
            return 403, "this app does not answer to this name, see --allow-host"
        if scope["method"] in _SAFE:
            return None
        origin = headers.get(b"origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
        if foreign or headers.get(b"sec-fetch-site") == "cross-site":
            return 403, "requests of other sites are refused"
        return None if scope["method"] == _UPLOAD else _refuse_flood(headers)


def _refuse_flood(headers: Mapping[bytes, str]) -> tuple[int, str] | None:
    """Refuse bodies of a length that is not told, or that no form has."""
    if b"transfer-encoding" in headers:
        return 411, "the length of the body is not told"
    length = headers.get(b"content-length", "0")
    return None if length.isdecimal() and int(length) <= _MOST_BYTES else (413, "the body is too large")


def _host_name(host: str) -> str:
    """Leave the port out of a Host header."""
    return (urlsplit(f"//{host}").hostname or "").lower()
