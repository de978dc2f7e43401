"""An organisation on disk, correct until a test writes a mistake into it; its connectors are stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.registry import UnknownConnector
from plans import PlanError, loading

ORGANISATION = """\
name: Méridional
language: fr
time_zone: Europe/Paris
systems:
  old-host:
    connector: imap
    host: mail.old.example
  new-host:
    connector: imap
    host: mail.new.example
    master: {user: admin, password: env:NEW_MASTER}
"""
SITE = """\
site: lyon
source: old-host
target: new-host
people: lyon.csv
passwords: file:secrets/lyon.csv
"""
PEOPLE = """\
adresse;nom;utilisateur source
Jean.P@meridional.example;Jean Pérès;jeanp
lea.t@meridional.example;Léa T.;
"""

Write = Callable[..., Path]


class Certificate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pin: str


class StandInSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str = Field(min_length=1)
    port: int = Field(default=993, ge=1, le=65535)
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    verify: bool = True
    timeout: float = Field(default=60, gt=0)
    certificate: Certificate | None = None
    others: list[Certificate] = []

    @field_validator("host")
    @classmethod
    def _no_url(cls, value: str) -> str:
        if "://" in value:
            raise ValueError("only the name of the server, without imap://")
        return value


class StandInConnector:
    Settings = StandInSettings


def connector_class(name: str) -> type[StandInConnector]:
    if name != "imap":
        raise UnknownConnector(name)
    return StandInConnector


@pytest.fixture(autouse=True)
def stand_in_connectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "connector_class", connector_class)
    monkeypatch.setattr(loading, "names", lambda: ["imap", "memory"])


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes an organisation; each argument replaces a file (text or bytes), None leaves it out."""

    def write(files: Mapping[str, str | bytes | None] | None = None) -> Path:
        contents: dict[str, str | bytes | None] = {
            "organisation.yaml": ORGANISATION,
            "sites/lyon.yaml": SITE,
            "sites/lyon.csv": PEOPLE,
            **(files or {}),
        }
        for name, content in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is not None:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write


@pytest.fixture
def complaints(write: Write) -> Callable[[Mapping[str, str | bytes | None]], list[str]]:
    """What a person reads, line by line, when files are replaced as for ``write``."""

    def complaints(files: Mapping[str, str | bytes | None]) -> list[str]:
        with pytest.raises(PlanError) as caught:
            loading.load(write(files))
        assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
        return str(caught.value).splitlines()

    return complaints
