"""What `bascule init` writes is a correct plan, with the connectors that ship."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from connectors import registry
from plans import load, loading
from plans.people_file import template
from plans.template import Answers, NotWritten, write_organisation


@pytest.fixture(autouse=True)
def shipped_connectors(stand_in_connectors: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "connector_class", registry.connector_class)
    monkeypatch.setattr(loading, "names", registry.names)


def written(
    folder: Path, language: Literal["fr", "en"] = "fr", site: str = "lyon", name: str = "Méridional"
) -> list[Path]:
    return write_organisation(folder, answers(language, site, name))


def answers(language: Literal["fr", "en"] = "fr", site: str = "lyon", name: str = "Méridional") -> Answers:
    return replace(
        Answers.defaults(language), name=name, site=site, domain="Meridional.example", target_host="2001:db8::1"
    )


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("site", ["lyon", "Saint-Étienne", "42", "no", "null"])
@pytest.mark.parametrize("name", ["Méridional", 'A: "B" & C\'s', "yes", "# 1", "12", "two\nlines", "日本 🎉", "$name"])
def test_a_new_organisation_loads_cleanly(tmp_path: Path, language: Literal["fr", "en"], site: str, name: str) -> None:
    written(tmp_path / "org", language, site, name)

    organisation = load(tmp_path / "org")

    assert (organisation.name, organisation.language, list(organisation.sites)) == (name, language, [site])
    hosts = [system.settings.model_dump()["host"] for system in organisation.systems.values()]
    assert hosts == ["mail.old.example", "2001:db8::1"]
    assert list(organisation.domains) == [organisation.sites[site].domain] == ["meridional.example"]
    (person,) = organisation.sites[site].people
    assert person.mailbox.endswith("@meridional.example")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_commented_line_of_a_new_organisation_is_correct_too(
    tmp_path: Path, language: Literal["fr", "en"]
) -> None:
    for path in written(tmp_path, language):
        if path.suffix == ".yaml":
            lines = path.read_text().splitlines()
            path.write_text("\n".join(_without_comment(line) for line in lines) + "\n")

    organisation = load(tmp_path)

    system = next(iter(organisation.systems.values()))
    assert system.master is not None
    assert system.bandwidth == 2_500_000
    site = organisation.sites["lyon"]
    assert (site.wave, site.private_folders.mode) == (1, "ask")
    assert site.switch is not None
    assert (organisation.licences["business-standard"].bought, organisation.contacts["it"].name) == (40, "Karim B.")
    assert site.folder_rules.exclude
    assert site.folder_rules.put_under
    assert site.folder_rules.map
    assert site.message_rules.before is not None
    assert site.message_rules.larger_than == 50_000_000


def _without_comment(line: str) -> str:
    """A line with its setting switched on; a note stays a note."""
    start, sign, rest = line.partition("# ")
    is_setting = not start.strip() and sign and rest.lstrip().partition(":")[0].replace("_", "").isalpha()
    return start + rest if is_setting and " " not in rest.lstrip().partition(":")[0] else line


def test_the_passwords_file_of_a_new_organisation_is_private(tmp_path: Path) -> None:
    passwords = written(tmp_path)[-1]

    assert passwords == tmp_path / "secrets" / "lyon.csv"
    assert passwords.stat().st_mode & 0o777 == 0o600
    assert passwords.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_new_people_file_has_all_headings_and_an_example(tmp_path: Path, language: Literal["fr", "en"]) -> None:
    people = written(tmp_path, language=language)[2].read_bytes()

    headings, example, rest = people.partition(b"example")
    assert headings.startswith(template(language))
    assert example
    assert not rest.partition(b"\n")[2]


def test_the_files_come_in_the_order_a_person_fills_them(tmp_path: Path) -> None:
    assert [path.relative_to(tmp_path).as_posix() for path in written(tmp_path)] == [
        "organisation.yaml",
        "sites/lyon.yaml",
        "sites/lyon.csv",
        "secrets/lyon.csv",
    ]


@pytest.mark.parametrize("name", ["organisation.yaml", "sites/lyon.yaml", "sites/lyon.csv", "secrets/lyon.csv"])
def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")

    with pytest.raises(NotWritten) as caught:
        written(tmp_path)

    assert caught.value.existing == (path,)
    assert str(caught.value) == f"{path} is there already, and nothing was changed."
    assert [found.read_text() for found in tmp_path.rglob("*") if found.is_file()] == ["mine"]


@pytest.mark.parametrize("site", ["", "../lyon", "a b", ".lyon", "a/b"])
def test_a_site_needs_a_name_that_can_be_a_files(tmp_path: Path, site: str) -> None:
    with pytest.raises(NotWritten, match=r"cannot be a name here|must stand here"):
        written(tmp_path, site=site)

    assert not list(tmp_path.iterdir())
