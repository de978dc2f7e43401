"""``bascule plan`` and ``bascule init``, as a person and as a script meet them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from connectors.language import speak
from migrate.cli import init as init_module
from migrate.cli.main import bascule
from migrate.cli.organisation import Place
from plans import load

SCRIPT = ("init", "--name", "Example Ltd", "--site", "paris", "--language", "en")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.setattr("connectors.language._spoken.settled", False)
    speak("en")


def run(folder: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(bascule, ["-C", str(folder), *arguments], input=typed)


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init_module, "_on_a_terminal", lambda: True)


def test_a_plan_that_is_right_is_summed_up(tmp_path: Path) -> None:
    assert run(tmp_path, *SCRIPT).exit_code == 0

    done = run(tmp_path, "plan", "check")

    assert (done.exit_code, done.stderr) == (0, "")
    assert "Example Ltd: the plan is right." in done.stdout
    assert "1 site, 1 person, 2 systems" in done.stdout
    assert "paris: private folders stay behind until you decide." in done.stdout


def test_examples_are_named_until_somebody_writes_over_them(tmp_path: Path) -> None:
    assert run(tmp_path, *SCRIPT).exit_code == 0
    examples = ["company.example", "mail.old.example", "mail.new.example", "first.last@company.example"]
    assert _examples(tmp_path) == examples

    organisation, people = tmp_path / "organisation.yaml", tmp_path / "sites" / "paris.csv"
    organisation.write_text(organisation.read_text().replace("mail.old.example", "imap.meridional.fr"))
    people.write_text(people.read_text().replace("first.last@company.example,First Last", "a@company.example,Anna B."))
    assert _examples(tmp_path) == ["company.example", "mail.new.example"]


def test_a_plan_whose_questions_were_answered_has_only_its_person_left_as_an_example(tmp_path: Path) -> None:
    hosts = ("--source-host", "imap.meridional.fr", "--target-host", "imap.new.fr")
    french = ("--language", "fr", "--domain", "meridional.fr")
    assert run(tmp_path, "init", "--name", "M", "--site", "paris", *french, *hosts).exit_code == 0
    assert _examples(tmp_path) == ["prenom.nom@meridional.fr"]


def _examples(folder: Path) -> list[str]:
    """The names that are told to be examples."""
    notes = json.loads(run(folder, "plan", "check", "--json").stdout)["notes"]
    return [note.split(" is an example.")[0].split()[-1] for note in notes if " is an example." in note]


def test_all_problems_of_a_plan_are_told_and_the_exit_code_says_so(tmp_path: Path) -> None:
    run(tmp_path, *SCRIPT)
    site = tmp_path / "sites" / "paris.yaml"
    site.write_text(site.read_text().replace("source: old", "source: olt").replace("site: paris", "sit: paris"))

    done = run(tmp_path, "plan", "check")

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "The plan has 2 problems:",
        'sites/paris.yaml:3:1: The key "site" is missing.',
        'sites/paris.yaml:3:1: Unknown key "sit". Did you mean "site"?',
    ]


def test_programs_read_the_summary_and_the_problems_as_json(tmp_path: Path) -> None:
    run(tmp_path, *SCRIPT)

    right = json.loads(run(tmp_path, "plan", "check", "--json").stdout)
    (tmp_path / "organisation.yaml").write_text("name: [x\n")
    wrong = run(tmp_path, "plan", "check", "--json")

    schema = json.loads((Path(__file__).parents[3] / "docs" / "schemas" / "plan-check.json").read_text())
    for told in (right, json.loads(wrong.stdout)):
        jsonschema.validate(told, schema)
    assert (right["exit_code"], right["problems"], right["systems"]) == (0, [], {"old": "imap", "new": "imap"})
    assert right["sites"] == [
        {"site": "paris", "wave": None, "source": "old", "target": "new", "people": 1, "switch": None}
    ]
    assert wrong.exit_code == json.loads(wrong.stdout)["exit_code"] == 2
    assert json.loads(wrong.stdout)["problems"] == [
        {
            "file": "organisation.yaml",
            "line": 1,
            "column": 7,
            "message": "The bracket [ that is opened here is not closed.",
            "hint": "Add ] or a missing comma.",
        }
    ]


@pytest.mark.parametrize("file", ["organisation", "site"])
def test_a_schema_is_printed_without_a_plan(tmp_path: Path, file: str) -> None:
    done = run(tmp_path, "plan", "schema", file)

    assert done.exit_code == 0
    assert json.loads(done.stdout)["type"] == "object"


def test_without_a_terminal_init_needs_what_it_cannot_ask_for(tmp_path: Path) -> None:
    done = run(tmp_path, "init", "--name", "Example Ltd")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "Without a terminal to ask on, --name and --site are needed." in done.stderr
    assert not list(tmp_path.iterdir())


def test_on_a_terminal_init_asks_and_a_wrong_answer_is_asked_again(tmp_path: Path, on_a_terminal: None) -> None:
    typed = "en\nExample Ltd\nnew york\nnew-york\nNew_York\nAmerica/New_York\nexample.org\n\nmail.new.example.org\n"

    done = run(tmp_path / "org", "init", typed=typed)

    assert done.exit_code == 0, done.output
    assert '"new york" cannot be a name here.' in done.stderr
    assert '"New_York" is not a time zone. Did you mean "America/New_York"?' in done.stderr
    organisation = load(tmp_path / "org")
    assert (organisation.name, str(organisation.time_zone)) == ("Example Ltd", "America/New_York")
    assert list(organisation.domains) == ["example.org"]
    hosts = [system.settings.model_dump()["host"] for system in organisation.systems.values()]
    assert hosts == ["mail.old.example", "mail.new.example.org"]
    assert list(organisation.sites) == ["new-york"]


def test_on_a_terminal_init_asks_only_for_what_is_not_said(tmp_path: Path, on_a_terminal: None) -> None:
    said = ("--language", "fr", "--site", "lyon", "--time-zone", "Europe/Paris", "--domain", "m.example")

    done = run(
        tmp_path, "init", *said, "--source-host", "a.example", "--target-host", "b.example", typed="Méridional\n"
    )

    assert done.exit_code == 0, done.output
    organisation = load(tmp_path)
    assert (organisation.name, organisation.language, list(organisation.sites)) == ("Méridional", "fr", ["lyon"])


def test_on_a_terminal_nothing_is_asked_where_a_plan_is_already(tmp_path: Path, on_a_terminal: None) -> None:
    run(tmp_path, *SCRIPT)

    done = run(tmp_path, "init")

    assert done.exit_code == 2
    assert done.stderr.strip() == f"Error: {Place(tmp_path).folder / 'organisation.yaml'} is there already."


def test_the_yaml_names_schemas_only_where_they_are_written(tmp_path: Path) -> None:
    run(tmp_path / "without", *SCRIPT)
    run(tmp_path / "with", *SCRIPT, "--schemas")

    assert "yaml-language-server" not in (tmp_path / "without" / "organisation.yaml").read_text()
    for name in ("organisation.yaml", "sites/paris.yaml"):
        path = tmp_path / "with" / name
        comment, _, where = path.read_text().splitlines()[0].partition("$schema=")
        assert comment == "# yaml-language-server: "
        assert json.loads((path.parent / where).read_text())["title"].startswith("Bascule")
    assert load(tmp_path / "with").name == "Example Ltd"
