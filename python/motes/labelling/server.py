"""The local server of the page: this computer only, and nobody without the token.

Any page of the web can make a browser send requests to this computer. What it can not do is know the token, which is a
part of every address here; nor be of the same origin, which browsers tell in their headers. Both are checked.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import re
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from zlib import crc32

from motes.errors import FormatError
from motes.labelling.session import Session
from motes.project import Project
from motes.project.picks import PickSet
from motes.report import to_json

HOST = "127.0.0.1"
FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    **{
        f"{name}.js": (f"{name}.js", "text/javascript; charset=utf-8")
        for name in ("asking", "dom", "editor", "image", "labels", "link", "marks", "page", "review", "tiles", "view")
    },
}
FIRST_PORT = 49152  # of those that belong to nobody
MOST_BYTES = 1 << 20  # of a request
PATIENCE = 60.0  # seconds that a connection may be silent
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class RefusedError(Exception):
    """A request that is not answered; its status and why, and where to ask instead."""

    def __init__(self, status: HTTPStatus, why: str, instead: str | None = None) -> None:
        super().__init__(why)
        self.status, self.instead = status, instead


class Server(ThreadingHTTPServer):
    """Serves the page of one project on this computer.

    Parameters
    ----------
    project : Project
        Inside its `writing`, as long as the server runs.
    sets : sequence of PickSet
        Picks to be reviewed.
    port : int, optional
        0 takes any that is free. By default the project's own, or any if that is taken: at the same port a browser
        still holds what it could not save before the server ended.
    token : str, optional
        By default a new random one.
    ears : socket.socket, optional
        A socket that listens already, instead of `port`.

    Attributes
    ----------
    address : str
        Where a browser finds the page; whoever knows it may label.
    """

    daemon_threads = True

    def __init__(
        self,
        project: Project,
        sets: Sequence[PickSet] = (),
        *,
        port: int | None = None,
        token: str | None = None,
        ears: socket.socket | None = None,
    ) -> None:
        if ears is None:
            ears = _listening(port, project)
        super().__init__(ears.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = ears
        self.session = Session(project, sets)
        self.token = secrets.token_urlsafe(24) if token is None else token
        self.port = int(self.server_address[1])
        self.address = f"http://{HOST}:{self.port}/{self.token}/"
        self.hosts = {f"{name}:{self.port}" for name in (HOST, "localhost")}
        self._thread: threading.Thread | None = None
        self._connections: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Remember who is connected."""
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Forget who left."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Let go of the port, and of connections that wait for another request: a browser must not find us there."""
        super().server_close()
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):  # it left just now
                connection.shutdown(socket.SHUT_RD)

    def start(self) -> Server:
        """Serve in a thread of its own, until `shutdown`."""
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
        self.session.close()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell nothing of browsers that went away in the middle of an answer."""
        import sys

        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    server: Server
    protocol_version = "HTTP/1.1"  # connections stay open: an answer to a key needs no new one
    server_version, sys_version = "motes", ""
    disable_nagle_algorithm = True
    timeout = PATIENCE

    def do_GET(self) -> None:
        """The page, its parts, tiles and picks."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Actions, and picks to be saved."""
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Be silent: a line for every tile would bury what the command has to say."""

    def _answer(self, how: Callable[[str], tuple[bytes, str]]) -> None:
        try:
            body, kind = how(self._path())
            self._send(HTTPStatus.OK, body, kind)
        except RefusedError as refused:
            self.close_connection = True  # what it sent has perhaps not been read
            self._send(refused.status, _told(str(refused)), "application/json", instead=refused.instead)
        except LookupError as error:
            self._send(HTTPStatus.NOT_FOUND, _told(f"there is no {error}"), "application/json")
        except FormatError as error:  # a file of the project or a micrograph is damaged: what was asked is not at fault
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, _told(str(error)), "application/json")
        except ValueError as error:
            self._send(HTTPStatus.BAD_REQUEST, _told(str(error)), "application/json")
        except (ConnectionError, TimeoutError):
            raise
        except OSError as error:
            why = f"{error.filename}: {error.strerror}" if error.strerror else str(error)
            gone = isinstance(error, FileNotFoundError)
            status = HTTPStatus.NOT_FOUND if gone else HTTPStatus.INSUFFICIENT_STORAGE
            self._send(status, _told(why), "application/json")
        except Exception as error:
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, _told(f"a mistake of motes: {error!r}"), "application/json")
            raise

    def _path(self) -> str:
        """The part of the address behind the token, or a refusal."""
        server, headers = self.server, self.headers
        if headers.get("Host") not in server.hosts:  # a name of another computer that was made to point here
            raise RefusedError(HTTPStatus.FORBIDDEN, "this server answers to its own address alone")
        own = {f"http://{host}" for host in server.hosts}
        origin, referer = headers.get("Origin"), headers.get("Referer")
        foreign = (origin is not None and origin not in own) or (
            referer is not None and not any(referer.startswith(f"{one}/") for one in own)
        )
        if foreign or headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise RefusedError(HTTPStatus.FORBIDDEN, "asked for by another page")
        token, slash, path = self.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), server.token.encode()):
            raise RefusedError(HTTPStatus.FORBIDDEN, "the address lacks its token; use the one that motes printed")
        if not slash:  # the page asks for its parts beside its own address
            raise RefusedError(HTTPStatus.TEMPORARY_REDIRECT, "the address lacks its last /", f"/{token}/")
        return path

    def _get(self, path: str) -> tuple[bytes, str]:
        session = self.server.session
        if path in FILES:
            if not path:
                session.warm()
            name, kind = FILES[path]
            return Path(__file__).with_name(name).read_bytes(), kind
        if path == "project":
            return to_json(session.told()).encode(), "application/json"
        if path == "status":
            return to_json(session.status()).encode(), "application/json"
        numbers = [int(number) for number in re.findall(r"/(\d{1,9})(?=/|\Z)", path)]
        if re.fullmatch(r"tile(/\d{1,9}){4}", path, re.ASCII):
            return session.tile(*numbers), "application/octet-stream"
        if re.fullmatch(r"picks/\d{1,9}", path, re.ASCII):
            return session.picks(*numbers), "application/octet-stream"
        raise RefusedError(HTTPStatus.NOT_FOUND, "there is nothing at this address")

    def _post(self, path: str) -> tuple[bytes, str]:
        told = self._body()
        session = self.server.session
        if path == "actions":
            since, actions = told.get("since"), told.get("actions")
            if not isinstance(actions, list):
                raise ValueError("actions: expected a list")
            return to_json(session.act(_count("since", since), actions)).encode(), "application/json"
        if path == "save":
            which, least = told.get("set"), told.get("least")
            if isinstance(least, bool) or not isinstance(least, (int, float)):
                raise ValueError("least: expected a number")
            return to_json(session.save(_count("set", which), float(least))).encode(), "application/json"
        raise RefusedError(HTTPStatus.NOT_FOUND, "there is nothing at this address")

    def _body(self) -> dict[str, Any]:
        """The JSON object that was sent."""
        if self.headers.get_content_type() != "application/json":  # what a form of another page can not send
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected application/json")
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"\d{1,12}", length, re.ASCII):
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "expected a Content-Length")
        if int(length) > MOST_BYTES:
            too_large = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise RefusedError(too_large, f"expected at most {MOST_BYTES} bytes, got {length}")
        try:
            told = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"no JSON: {error}") from error
        if not isinstance(told, dict):
            raise ValueError(f"expected an object, got {type(told).__name__}")
        return told

    def _send(self, status: HTTPStatus, body: bytes, kind: str, instead: str | None = None) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "private, max-age=3600" if kind.endswith("octet-stream") else "no-store")
        if instead is not None:
            self.send_header("Location", instead)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _listening(port: int | None, project: Project) -> socket.socket:
    """A socket at a port, by default the project's own."""
    if port is None:
        own = FIRST_PORT + crc32(project.id.encode()) % (65536 - FIRST_PORT)
        try:
            return socket.create_server((HOST, own))
        except OSError:
            port = 0
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}; choose another --port", f"{HOST}:{port}") from error


def _told(why: str) -> bytes:
    return to_json({"error": why}).encode()


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name}: expected a whole number, 0 or more")
    return value
