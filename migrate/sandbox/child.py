"""A stand-in's process as its parent holds it: started, ready when it says so, gone when the parent is."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any

#: Seconds in which it ends by itself once told to.
_GRACE = 10.0


class NotStarted(Exception):
    """The process ended before it was ready; the text is the last line that it wrote."""


class EndedBadly(Exception):
    """The process ended with an error, so that what it was to keep may not be all; the text as of NotStarted."""


@contextmanager
def running_child(module: str, arguments: Sequence[str] = (), first_line: str = "") -> Iterator[Any]:
    """Run ``python -m module arguments``; gives what it says of itself, one line of JSON.

    ``first_line``: what it reads first, such as passwords, which no list of processes may show.  It ends with the
    block, and with this process however that ends: its standard input is ours.  Raises :class:`NotStarted`, and
    :class:`EndedBadly` at the end of the block.
    """
    with TemporaryFile("w+") as complaints:
        process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            start_new_session=True,  # an interrupt at the terminal is for its clients
        )
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdout:
            try:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(f"{first_line}\n" if first_line else "")
                    process.stdin.flush()
                ready = process.stdout.readline()
                if not ready:
                    process.wait()
                    raise NotStarted(_last_line(complaints) or module)
                yield json.loads(ready)
            finally:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
                try:
                    process.wait(timeout=_GRACE)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        if process.returncode > 0:
            raise EndedBadly(_last_line(complaints) or module)


def _last_line(complaints: IO[str]) -> str:
    complaints.seek(0)
    return (complaints.read().strip().splitlines() or [""])[-1]
