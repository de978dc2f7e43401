"""What one archive's items are written with: known addresses, a folder for spooling, and where to report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from connectors.archives.contract import Problem


class Context:
    """For the items of one archive; used by one thread."""

    def __init__(
        self,
        spool: Path,
        addresses: Mapping[str, str] | None = None,
        report: Callable[[Problem], None] = lambda _: None,
        *,
        encoding: str = "windows-1252",
    ) -> None:
        """``spool``: an existing private folder.  ``addresses``: mail addresses by X.500 address, in any case.

        ``report`` is told of each problem of an item that is being written, with the folder and key of :meth:`about`.
        ``encoding`` is that of 8-bit text that does not say its own.
        """
        self.spool = spool
        self.encoding = encoding
        self._addresses = {x500.strip().casefold(): address for x500, address in (addresses or {}).items()}
        self._report = report
        self._unknown: Counter[str] = Counter()
        self._folder: tuple[str, ...] | None = None
        self._key: str | None = None

    def about(self, folder: tuple[str, ...] | None, key: str | None) -> Context:
        """Problems from now on are those of this item.  The same context."""
        self._folder, self._key = folder, key
        return self

    def problem(self, code: str, message: str) -> None:
        """Something of the item was lost or could not be told; ``message`` as in :class:`Problem`."""
        self._report(Problem(code, message, self._folder, self._key))

    def address(self, x500: str) -> str | None:
        """The mail address of an X.500 one, None when nobody said; that is counted."""
        known = self.known_address(x500)
        if known is None:
            self._unknown[x500] += 1
        return known

    def known_address(self, x500: str) -> str | None:
        """As :meth:`address`, and counts nothing."""
        return self._addresses.get(x500.strip().casefold())

    def unknown_addresses(self) -> Mapping[str, int]:
        """X.500 addresses without a mail address, and in how many places they were written without one."""
        return dict(self._unknown)

    def unreporting(self) -> Context:
        """The same addresses and folder; unknown addresses are counted here too, problems are not reported."""
        silent = self.quiet()
        silent._unknown = self._unknown
        return silent

    def quiet(self) -> Context:
        """The same addresses; nothing is reported or counted."""
        silent = Context(self.spool, encoding=self.encoding)
        silent._addresses = self._addresses
        return silent
