"""A real browser without a screen: Debian's Chromium, driven through its own driver (W3C WebDriver)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

import httpx

from tests.servers.process import ServerMissing, ServerProcess, free_port

_QUIET = (
    "--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-quic",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb",
)  # fmt: skip


class Chromium:
    """One window."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client = client
        self._session = session

    def open(self, address: str) -> None:
        self._ask("url", {"url": address})

    @contextmanager
    def another_tab(self) -> Iterator[None]:
        """What is done meanwhile is done in a tab of its own, beside the first one."""
        first = self._client.get(f"/session/{self._session}/window").json()["value"]
        self._ask("window", {"handle": self._ask("window/new", {"type": "tab"})["handle"]})
        try:
            yield
        finally:
            self._client.delete(f"/session/{self._session}/window")
            self._ask("window", {"handle": first})

    def run(self, script: str, *arguments: object) -> Any:
        """What a function with this body returns for these arguments."""
        return self._ask("execute/sync", {"script": script, "args": list(arguments)})

    def click(self, selector: str, number: int = 0) -> None:
        """Click, as a person does, the nth element of those that the selector finds."""
        found = self._ask("elements", {"using": "css selector", "value": selector})
        self._ask(f"element/{next(iter(found[number].values()))}/click", {})

    def devtools(self, command: str, **parameters: object) -> Any:
        return self._ask("goog/cdp/execute", {"cmd": command, "params": parameters})

    def said(self) -> list[dict[str, Any]]:
        """What its console said since it was asked last."""
        return list(self._ask("se/log", {"type": "browser"}))

    def _ask(self, command: str, body: dict[str, Any]) -> Any:
        answer = self._client.post(f"/session/{self._session}/{command}", json=body)
        told = answer.json()["value"]
        assert answer.is_success, told
        return told


@contextmanager
def running_chromium(folder: Path) -> Iterator[Chromium]:
    """``folder``: an empty one of its own.  Raises ServerMissing."""
    browser, driver = which("chromium"), which("chromedriver")
    if browser is None or driver is None:
        raise ServerMissing("Chromium is not there: make test installs the Debian packages chromium, chromium-driver")
    arguments = [*_QUIET, f"--user-data-dir={folder / 'profile'}", *(["--no-sandbox"] if os.getuid() == 0 else [])]
    wanted = {
        "browserName": "chrome",
        "goog:chromeOptions": {"binary": browser, "args": arguments},
        "goog:loggingPrefs": {"browser": "ALL"},
    }
    port = free_port()
    process = ServerProcess([driver, f"--port={port}"], folder, port=port)
    process.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            told = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}}).json()["value"]
            assert "sessionId" in told, told
            yield Chromium(client, told["sessionId"])
            client.delete(f"/session/{told['sessionId']}")
    finally:
        process.stop()
