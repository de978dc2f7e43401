"""The few things about sockets that differ by system."""

from __future__ import annotations

import select
import socket
import struct


def raise_failure(sock: socket.socket) -> None:
    """Raise what became of a connection attempt, if it failed."""
    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, "connect")


def set_linger(sock: socket.socket, *, on: bool) -> None:
    """``on``: closing throws unsent bytes away and sends RST, also when the process is killed."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", int(on), 0))


def limit_unsent(sock: socket.socket, size: int) -> None:
    """Let the kernel hold about ``size`` bytes that have not left yet, where it can be told so.

    Without it megabytes wait there on a slow line, and what was committed leaves minutes later.
    """
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if option is not None:
        sock.setsockopt(socket.IPPROTO_TCP, option, size)


def poll_socket(number: int, bell: int, *, read: bool, write: bool, timeout: float) -> tuple[bool, bool]:
    """(readable, writable) of socket ``number``; returns early when the bell rings."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(number, (select.POLLIN if read else 0) | (select.POLLOUT if write else 0))
        poll.register(bell, select.POLLIN)
        events = dict(poll.poll(timeout * 1000)).get(number, 0)
        failed = events & ~(select.POLLIN | select.POLLOUT)
        return bool(events & select.POLLIN or failed), bool(events & select.POLLOUT or failed)
    readable, writable, _ = select.select([bell, *[number] * read], [number] * write, [], timeout)
    return number in readable, number in writable
