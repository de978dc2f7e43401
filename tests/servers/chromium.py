"""A real browser without a screen: Debian's Chromium, driven by its own driver."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from tests.servers.process import ServerMissing

_QUIET = (
    "--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-quic",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb",
)  # fmt: skip


@contextmanager
def running_chromium(profile: Path) -> Iterator[Chrome]:
    """``profile``: an empty folder of its own.  Raises ServerMissing."""
    browser, driver = which("chromium"), which("chromedriver")
    if browser is None or driver is None:
        raise ServerMissing("Chromium is not there: make test installs the Debian packages chromium, chromium-driver")
    options = ChromeOptions()
    options.binary_location = browser
    for argument in (*_QUIET, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    if os.getuid() == 0:
        options.add_argument("--no-sandbox")
    chromium = Chrome(options, ChromeService(driver))
    try:
        yield chromium
    finally:
        chromium.quit()
