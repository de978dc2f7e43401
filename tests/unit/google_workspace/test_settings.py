"""What a plan may say about Google Workspace, and what it may not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connectors.google_workspace.settings import GoogleSettings

_KEY = "file:secrets/google.json"


def _settings(**values: object) -> GoogleSettings:
    return GoogleSettings.model_validate({"admin": "admin@example.org", "key": _KEY, **values})


def test_what_has_to_be_said_is_little() -> None:
    settings = _settings()
    assert settings.user_units_per_minute == 6000
    assert settings.project_units_per_minute == 1_200_000
    assert settings.keywords == "off"
    assert settings.server == "www.googleapis.com"


@pytest.mark.parametrize(
    "values",
    [
        {"admin": "admin"},
        {"admin": ""},
        {"key": ""},
        {"keywords": "on"},
        {"user_units_per_minute": 0},
        {"endpoint": "https://evil.example"},
        {"endpoint": "http://127.0.0.1.evil.example:80"},
        {"endpoint": "127.0.0.1:80"},
        {"region": "eu"},
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        _settings(**values)


def test_a_stand_in_is_a_server_of_its_own() -> None:
    assert _settings(endpoint="http://127.0.0.1:8080/").server == "127.0.0.1:8080"


def test_nothing_shows_the_key() -> None:
    settings = GoogleSettings.model_validate({"admin": "admin@example.org", "key": "hunter2-by-mistake"})
    assert "hunter2" not in repr(settings)
