"""Secrets among the settings of a system: references in the plan, fetched when they are needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from connectors.secret_setting import Secret, SecretSetting
from plans.joining import settings_at_home, wrong_secrets
from plans.secrets import MissingSecret


class Settings(BaseModel):
    key: SecretSetting
    certificate: SecretSetting | None = None


def test_a_secret_is_fetched_from_the_organisations_folder(tmp_path: Path) -> None:
    file = tmp_path / "secrets.txt"
    file.touch(0o600)
    file.write_text("planted\n")
    at_home = settings_at_home(Settings.model_validate({"key": "file:secrets.txt"}), tmp_path)
    assert isinstance(at_home, Settings)
    assert at_home.key.reveal() == "planted"
    file.write_text("another\n")
    assert at_home.key.reveal() == "another"


def test_a_missing_secret_says_where_it_was_looked_for(tmp_path: Path) -> None:
    at_home = settings_at_home(Settings.model_validate({"key": "file:secrets.txt"}), tmp_path)
    assert isinstance(at_home, Settings)
    with pytest.raises(MissingSecret, match=r"secrets\.txt"):
        at_home.key.reveal()


def test_a_secret_in_the_place_of_its_reference_is_told_and_never_shown() -> None:
    settings = Settings.model_validate({"key": "pl4nted", "certificate": "env:CERTIFICATE"})
    (wrong,) = wrong_secrets(settings)
    assert wrong[0] == "key"
    assert "pl4nted" not in f"{wrong[1]} {wrong[1].hint} {settings!r} {settings.key}"


def test_no_text_is_no_reference() -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"key": 12})


def test_a_secret_that_no_plan_bound_says_so() -> None:
    with pytest.raises(LookupError):
        Secret("env:KEY").reveal()
