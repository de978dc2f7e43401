"""A thread whose death does not go unheard."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread


class Background(Thread):
    """Does one thing beside its starter, who asks for its end."""

    def __init__(self, work: Callable[[], object], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._died: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001  # it must reach whoever asks for the end
            self._died = error

    def finish(self) -> None:
        """Wait for the end.  Raises what the work raised, each time."""
        while self.is_alive():
            self.join(timeout=1)
        if self._died is not None:
            raise self._died
