"""Commands that run in the process of the test."""

from __future__ import annotations

import pytest

from connectors.language import speak


@pytest.fixture
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """English, whatever a command before settled on; and a planted secret in the environment."""
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.setenv("PLANTED", "sesame")
    monkeypatch.setattr("connectors.language._spoken.settled", False)
    speak("en")
