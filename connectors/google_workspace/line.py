"""One session's connection to the Gmail API: calls with a token, paced, cut off from any thread.

httplib2 sends a request a second time when the connection closes before an answer.  For reading that is welcome.  For
a message that is written it would be a second copy: such a body is handed out once (:class:`Once`), and whoever asks
for it again learns that the answer was lost.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from threading import Event, Lock
from typing import Any, TypeVar
from urllib.parse import urlencode

import httplib2

from connectors.errors import Stopped, Transient
from connectors.google_workspace.access import Way
from connectors.google_workspace.answers import Denied, denied
from connectors.google_workspace.scopes import api_name
from connectors.google_workspace.units import MailboxLimits
from connectors.google_workspace.verdicts import BROKEN, broken, verdict
from connectors.language import _
from connectors.net.sockets import limit_unsent, set_linger

T = TypeVar("T")

#: Where Gmail's methods are.
_GMAIL = "https://gmail.googleapis.com"
#: A call that is turned down for its rate is made so often, as long as the pauses are short.
_TRIES = 6
#: Seconds: a longer pause is the engine's to wait for.
_PATIENCE = 30.0
#: Seconds; doubled each time where Google asks for no pause of its own.
_FIRST_PAUSE = 1.0
#: A connection that was idle for longer (seconds) is made anew before a message is written over it: the other end may
#: have closed it, and that would look like a lost answer.
_STALE = 20.0
#: Bytes that the kernel may hold back.
_UNSENT = 1 << 16
_SLICE = 0.2


class AnswerLost(Exception):
    """The connection closed after a message had left: whether it is stored is not known."""


class Once:
    """A request's body that is handed out one time."""

    def __init__(self, pieces: Callable[[], Iterator[bytes]]) -> None:
        self._pieces = pieces
        self.begun = False

    def __iter__(self) -> Iterator[bytes]:
        if self.begun:
            raise AnswerLost
        self.begun = True
        return self._pieces()


def _connections(base: Any, ended: Event, *, writes: bool) -> Any:
    """The kind of connection that a session has: none is made any more once it has ``ended``.

    What one that ``writes`` has not sent when it is cut, or when its process dies, is thrown away.
    """

    class Connection(base):  # type: ignore[misc]  # httplib2 has no types
        def connect(self) -> None:
            if not ended.is_set():
                super().connect()
                if writes:
                    _throw_away_unsent(self.sock)
            if ended.is_set():
                self.close()
                raise ConnectionAbortedError

    return Connection


def _throw_away_unsent(sock: socket.socket) -> None:
    set_linger(sock, on=True)
    limit_unsent(sock, _UNSENT)


class Line:
    """Calls for one mailbox.  One thread uses it; ``abort`` may come from any."""

    def __init__(self, way: Way, subject: str, scope: str, limits: MailboxLimits, stop: Event, *, writes: bool) -> None:
        self.system = way.system
        self.subject = subject
        self.limits = limits
        self._way = way
        self._scope = scope
        self._grant = way.grant(subject, scope)
        self._stop = stop
        self._root = way.endpoint or _GMAIL
        self._http = way.http()
        self._http.follow_redirects = False
        self._ended = Event()
        plain = self._root.startswith("http:")
        base = httplib2.HTTPConnectionWithTimeout if plain else httplib2.HTTPSConnectionWithTimeout
        self._kind = _connections(base, self._ended, writes=writes)
        self._used_at = 0.0
        self._lock = Lock()
        self._asking = False
        #: The last token that was not taken; one that is not taken twice is nobody's fault but the account's.
        self._turned_down = ""

    # -- calls --------------------------------------------------------------------------------------------------------

    def get(self, path: str, units: int, **query: Any) -> dict[str, Any]:
        """The answer to a question, as read from JSON.  Raises Denied for one that is no success, and verdicts."""
        return self._read(self._paced(units, lambda: self._ask("GET", self._address(path, query))))

    def post(self, path: str, units: int, content: Mapping[str, Any]) -> dict[str, Any]:
        """As :meth:`get`; only for what may be asked twice."""
        body = json.dumps(content).encode()
        headers = {"content-type": "application/json"}
        told = self._paced(units, lambda: self._ask("POST", self._address(path, {}), body, headers))
        return self._read(told) if told else {}

    def _read(self, content: bytes) -> dict[str, Any]:
        try:
            told = json.loads(content)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise Transient(_("answered in a way that was not expected"), system=self.system)
        return told

    def send(
        self, address: str, units: int, method: str, headers: Mapping[str, str], body: Callable[[], Once]
    ) -> tuple[httplib2.Response, bytes]:
        """Send a body that counts: it leaves once for each time that Google says clearly that it took nothing.

        Raises AnswerLost when it may be stored, Denied for an answer that is no success, Transient when the connection
        broke before the body was begun.
        """

        return self._paced(
            units, lambda: self._with_token(lambda token: self._send_once(method, address, body(), headers, token))
        )

    def upload_address(self, path: str, query: Mapping[str, str], *, resumable: bool) -> str:
        kind = "resumable/upload" if resumable else "upload"
        return f"{self._root}/{kind}/gmail/v1/users/me/{path}?{urlencode(query)}"

    def verdict(self, answer: Denied) -> Exception:
        """What an answer means that nobody expected."""
        return verdict(
            answer,
            system=self.system,
            api=api_name(self._scope),
            project=self._way.project,
            subject=self.subject,
        )

    # -- the end ------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        self._ended.set()
        with suppress(*BROKEN):
            self._http.close()

    def abort(self) -> None:
        with self._lock:
            self._ended.set()
            if not self._asking:
                self._drop()
        for connection in list(self._http.connections.values()):
            sock = connection.sock
            if sock is not None:
                with suppress(OSError):
                    # Not SSLSocket's own, which takes away what the waiting thread is using.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def check(self) -> None:
        """Raises Stopped when the session has ended or the run is to."""
        self._check()
        if self._stop.is_set():
            raise Stopped(_("interrupted while waiting"))

    def _check(self) -> None:
        if self._ended.is_set():
            raise Stopped(_("the session has ended"))

    # -- pacing -------------------------------------------------------------------------------------------------------

    def _paced(self, units: int, ask: Callable[[], T]) -> T:
        """Ask when it is our turn, and again after a pause when the rate was too high."""
        throttle = self.limits.throttle
        for number in range(_TRIES):
            self._wait(self.limits.reserve(units))
            throttle.enter(self.check)
            try:
                told = ask()
            except Denied as answer:
                if answer.limited is None:
                    raise
                self._rest(answer, number)
            else:
                throttle.went_well()
                return told
            finally:
                throttle.leave()
        raise AssertionError("the last try returned or raised")

    def _rest(self, answer: Denied, number: int) -> None:
        """Leave the mailbox, or the whole project, alone; raises the verdict when that takes too long."""
        if answer.limited == "user":
            self.limits.throttle.too_much()
        pause = answer.pause if answer.pause is not None else _FIRST_PAUSE * 2**number
        if pause > _PATIENCE or number + 1 == _TRIES:
            raise self.verdict(answer) from None
        (self.limits.user if answer.limited == "user" else self.limits.project).rest(pause)

    def _wait(self, seconds: float) -> None:
        """Wait our turn; raises Stopped as soon as that is for nothing."""
        self.check()
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._ended.wait(min(left, _SLICE))
            self.check()

    # -- the wire -----------------------------------------------------------------------------------------------------

    def _address(self, path: str, query: Mapping[str, Any]) -> str:
        asked = urlencode(query, doseq=True)
        return f"{self._root}/gmail/v1/users/me/{path}" + (f"?{asked}" if asked else "")

    def _ask(
        self, method: str, address: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        try:
            return self._with_token(lambda token: self._request(method, address, body, headers or {}, token))[1]
        except BROKEN as error:
            self._check()
            self._drop()
            raise broken(self.system, error) from None

    def _with_token(self, ask: Callable[[str], T]) -> T:
        """Ask with a token; one that is turned down took nothing, and is renewed once."""
        token = self._grant.token()
        try:
            return ask(token)
        except Denied as answer:
            if answer.status != HTTPStatus.UNAUTHORIZED or token == self._turned_down:
                raise
        self._turned_down = token
        return ask(self._grant.token(refused=token))

    def _request(
        self, method: str, address: str, body: bytes | Once | None, headers: Mapping[str, str], token: str
    ) -> tuple[httplib2.Response, bytes]:
        """One question.  Raises Denied for an answer that is no success."""
        with self._lock:
            self._check()
            self._asking = True
        carrying = {**headers, "authorization": f"Bearer {token}", "accept-encoding": "identity"}
        try:
            told: tuple[httplib2.Response, bytes] = self._http.request(
                address, method, body, carrying, connection_type=self._kind
            )
        finally:
            with self._lock:
                self._asking = False
                if self._ended.is_set():
                    self._drop()
        self._used_at = time.monotonic()
        response, content = told
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise denied(response.status, response, content)
        return told

    def _send_once(
        self, method: str, address: str, body: Once, headers: Mapping[str, str], token: str
    ) -> tuple[httplib2.Response, bytes]:
        if time.monotonic() - self._used_at > _STALE:
            self._drop()
        try:
            return self._request(method, address, body, headers, token)
        except AnswerLost:
            self._drop()
            raise
        except BROKEN as error:
            self._check()
            self._drop()
            if body.begun:
                raise AnswerLost from None
            raise broken(self.system, error) from None

    def _drop(self) -> None:
        """The next call makes a new connection."""
        with suppress(*BROKEN):
            self._http.close()
