"""A new organisation's folder, written from the templates of its language."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Literal

import yaml


class NotWritten(Exception):
    """The folder was left as it was.  ``existing`` are the files that are there already, if they are the reason."""

    def __init__(self, what: str, existing: Sequence[Path] = ()) -> None:
        super().__init__(what)
        self.existing = tuple(existing)


def write_organisation(
    folder: Path, *, name: str, language: Literal["fr", "en"], site: str, source_host: str, target_host: str
) -> list[Path]:
    """Write ``organisation.yaml`` and a first site with its people file and its passwords file (mode 0600).

    The folder is made when it is missing.  Returns the files in the order a person fills them.  Raises
    :class:`NotWritten` when one of them exists, or when ``site`` cannot be the name of a file.
    """
    if not re.fullmatch(r"\w[\w.-]*", site):
        raise NotWritten(f'"{site}" cannot name a site. Use letters, digits, dots, hyphens and underscores.')
    words = {
        "name": name, "site": site, "source_host": source_host, "target_host": target_host,
        "people_file": f"{site}.csv", "passwords_file": f"file:secrets/{site}.csv",
    }  # fmt: skip
    written = {
        folder / "organisation.yaml": "organisation.yaml",
        folder / "sites" / f"{site}.yaml": "site.yaml",
        folder / "sites" / f"{site}.csv": "people.csv",
        folder / "secrets" / f"{site}.csv": "passwords.csv",
    }
    existing = [path for path in written if path.exists()]
    if existing:
        raise NotWritten(f"{existing[0]} is there already, and nothing was changed.", existing)
    (folder / "sites").mkdir(parents=True, exist_ok=True)
    (folder / "secrets").mkdir(mode=0o700, exist_ok=True)
    quoted = {key: _yaml_text(value) for key, value in words.items()}
    for path, template in written.items():
        data = files("plans").joinpath("templates", language, template).read_bytes()
        if template.endswith(".yaml"):
            data = Template(data.decode()).substitute(quoted).encode()
        mode = 0o600 if path.parent.name == "secrets" else 0o666
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
    return list(written)


def _yaml_text(value: str) -> str:
    """The value as a YAML scalar on one line, in quotes only where YAML needs them."""
    style = None if value.isprintable() else '"'
    dumped: str = yaml.safe_dump(value, allow_unicode=True, width=100_000, default_style=style)
    return dumped.removesuffix("...\n").strip()
