"""An end to a conversation with a server whatever it does, for what reads with blocking sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, socket
from threading import Timer


@contextmanager
def shut_down_after(seconds: float, current: Callable[[], socket | None]) -> Iterator[None]:
    """Shut the ``current`` connection down when what is done here takes longer than ``seconds``.

    A byte now and then keeps a socket's own timeout from passing, so the connection is ended from outside: whoever
    reads from it finds its end.
    """

    def end() -> None:
        connection = current()
        if connection is not None:
            with suppress(OSError, ValueError):
                connection.shutdown(SHUT_RDWR)

    timer = Timer(max(seconds, 0), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
