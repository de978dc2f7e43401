"""Documents by the installed command: built, found out of date, signed, edited, and never more than the facts."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from connectors import language
from migrate.cli.main import bascule
from tests.acceptance.organisation import COMMAND, Ended, finished, running
from tests.acceptance.schemas import valid
from tests.unit.documents.meridional import a_copy
from tests.unit.documents.test_output import EVIL

_TEMPLATE = """\
## Personnes

| adresse | nom |
|---|---|
{% for person in plan.people %}
| {{ person.address }} | {{ person.name }} |
{% endfor %}

Jour J{{ " : " }}{{ site.switch | day if site.switch else "?" }}
"""


class Folder:
    """An organisation's folder, and the command run in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.own = path / "runbooks" / "fr"
        self.own.mkdir(parents=True)
        (self.own / "scope-note.md.j2").write_text(_TEMPLATE, encoding="utf-8")

    def run(self, *arguments: str) -> Ended:
        """The command in this process, which takes a tenth of the time; a defect of it is raised."""
        with patch.dict(os.environ), patch.object(language, "_spoken", language._Spoken()):
            ended = CliRunner().invoke(bascule, ["-C", str(self.path), *arguments], catch_exceptions=False)
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    def run_installed(self, *arguments: str) -> Ended:
        with running(self.start(*arguments)) as process:
            return finished(process)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [COMMAND, "-C", self.path, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip

    def build(self, *more: str) -> dict[str, object]:
        ended = self.run("runbook", "build", "lyon", "--document", "scope-note", "--json", *more)
        assert ended.code == 0, ended.err
        (one,) = valid(ended.json, "runbook-build")["documents"]
        return dict(one)

    def standing(self) -> dict[str, object]:
        ended = self.run("runbook", "status", "lyon", "--json")
        (one,) = valid(ended.json, "runbook-status")["documents"]
        assert ended.code == (3 if one["stale"] else 0)
        return dict(one)

    @property
    def text(self) -> Path:
        return self.path / "documents" / "lyon" / "scope-note.fr.md"

    def change(self, file: str, old: str, new: str) -> None:
        path = self.path / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(a_copy(tmp_path))


def test_a_document_says_when_it_is_no_longer_true_and_what_changed_since_it_was_signed(folder: Folder) -> None:
    assert folder.run("runbook", "status").code == 0
    assert folder.run("runbook", "sign", "lyon/scope-note", "--by", "Claire M.").code == 2
    built = folder.build()
    assert (built["signed"], built["changes"], built["set_aside"]) == (None, [], [])
    assert folder.standing()["stale"] is False

    signed = folder.run("runbook", "sign", "lyon/scope-note", "--by", "Claire M.", "--json")
    told = valid(signed.json, "runbook-sign")
    assert (told["version"], told["by"]) == (1, "Claire M.")
    assert told["digest"] == hashlib.sha256(folder.text.read_bytes()).hexdigest()
    copy = folder.path / "documents" / "lyon" / "signed" / "scope-note.fr.v1.md"
    assert copy.read_bytes() == folder.text.read_bytes()

    folder.change("sites/lyon.yaml", "2027-02-09", "2027-02-16")
    standing = folder.standing()
    assert (standing["stale"], standing["plan_changed"], standing["template_changed"]) == (True, True, False)
    assert standing["changes"] == [{"fact": "site.switch", "was": "2027-02-09", "now": "2027-02-16"}]

    assert folder.build()["changes"] == standing["changes"]
    text = folder.text.read_text(encoding="utf-8")
    assert "9 févr. 2027 → 16 févr. 2027" in text
    assert "mardi 16 février 2027" in text
    standing = folder.standing()
    assert (standing["stale"], standing["signed"]["as_built"]) == (False, False)  # type: ignore[index]
    # What was signed stays as it was signed.
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == told["digest"]

    again = folder.run("runbook", "sign", "lyon/scope-note", "--by", "Karim B.", "--json")
    assert again.json["version"] == 2
    assert folder.build()["changes"] == []


def test_what_people_edit_is_kept_and_notes_stay(folder: Folder) -> None:
    folder.build()
    with folder.text.open("a", encoding="utf-8") as file:
        file.write("de ma main\n")
    assert folder.standing()["edited"] == ["scope-note.fr.md"]
    assert folder.run("runbook", "sign", "lyon/scope-note", "--by", "x").code == 2
    assert folder.build()["set_aside"] == ["documents/lyon/scope-note.fr.edited-1.md"]
    kept = folder.text.with_name("scope-note.fr.edited-1.md")
    assert kept.read_text(encoding="utf-8").endswith("de ma main\n")

    notes = folder.path / "runbooks" / "notes" / "lyon"
    notes.mkdir(parents=True)
    (notes / "scope-note.md").write_text("Appeler **Claire** d’abord.\n\n- [ ] fait\n", encoding="utf-8")
    assert folder.standing()["template_changed"] is True
    for _time in range(2):
        assert folder.build()["set_aside"] == []
        assert "> Appeler **Claire** d’abord." in folder.text.read_text(encoding="utf-8")


def test_a_template_is_copied_out_edited_and_its_mistakes_are_messages(folder: Folder) -> None:
    listed = valid(folder.run("runbook", "template", "--json").json, "runbook-template")["documents"]
    note = next(one for one in listed if one["document"] == "scope-note")
    assert note["templates"] == [{"name": "scope-note", "own": True}]
    ended = folder.run("runbook", "template", "header", "--json")
    assert ended.code == 0, ended.err
    head = folder.own / "header.md.j2"
    head.write_text("# À nous\n" + head.read_text(encoding="utf-8"), encoding="utf-8")
    # A second time would lose what was edited.
    assert folder.run("runbook", "template", "header").code == 2
    folder.build()
    assert folder.text.read_text(encoding="utf-8").startswith("# À nous\n")

    for text, line, said in (
        ("ok\n{{ plan.peple }}\n", 2, "peple"),
        ("{% if %}\n", 1, ""),
        ("\n\n{{ site.__class__ }}\n", 3, ""),
        ("{% if false %}\n{{ nothing.at_all }}\n{% endif %}\n", 2, "nothing"),
        ("![x](https://example.org/x.png)\n", None, "example.org"),
    ):
        (folder.own / "scope-note.md.j2").write_text(text, encoding="utf-8")
        ended = folder.run("runbook", "build", "lyon", "--document", "scope-note")
        assert ended.code == 2
        assert said in ended.err
        assert line is None or f"runbooks/fr/scope-note.md.j2:{line}: " in ended.err

    facts = folder.run("runbook", "template", "scope-note", "--facts", "--json")
    assert "plan.people[].address" in {one["name"] for one in valid(facts.json, "runbook-facts")["facts"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "lion"), "lyon"),
        (("build", "lyon", "--document", "scop-note"), "scope-note"),
        (("build", "lyon", "--document", "messages/j"), "bascule messages"),
        (("build", "lyon", "--form", "doc"), "docx"),
        (("build", "lyon", "--form", ","), "docx"),
        (("sign", "scope-note", "--by", "x"), "lyon/runbook"),
        (("sign", "lyon/gdpr", "--by", "x"), "gdpr"),
        (("sign", "lyon/scope-note", "--by", " "), "--by"),
        (("template", "scop-note"), "scope-note"),
    ],
)
def test_a_wrong_value_is_told_with_what_would_be_right(folder: Folder, arguments: tuple[str, ...], said: str) -> None:
    ended = folder.run("runbook", *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert not (folder.path / "documents").exists()


def test_evil_names_and_a_site_of_nobody_are_built_escaped(folder: Folder) -> None:
    people = folder.path / "sites" / "lyon.csv"
    names = [one.replace(";", "").replace("\n", " ").replace("\x07", "") for one in EVIL]
    rows = "".join(f'p{number}@meridional.example;"{name}"\n' for number, name in enumerate(names))
    people.write_text(f"adresse;nom\n{rows}", encoding="utf-8")
    folder.build("--form", "md,html,pdf,docx,odt")
    page = folder.text.with_suffix(".html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert page.replace("<wbr>", "").count("@meridional.example") >= len(names)
    for form in ("pdf", "docx", "odt"):
        assert folder.text.with_suffix(f".{form}").stat().st_size > 1000
    people.write_text("adresse;nom\n", encoding="utf-8")
    folder.build()
    assert "@meridional.example" not in folder.text.read_text(encoding="utf-8")


def test_ctrl_c_leaves_whole_documents_and_the_same_command_writes_the_others(folder: Folder) -> None:
    # The second one is slow enough to be interrupted in.
    rows = "{% for a in range(800) %}{% for one in plan.people %}\n| {{ one.address }} |\n{% endfor %}{% endfor %}"
    (folder.own / "wave-sheet.md.j2").write_text(f"| a |\n|---|\n{rows}\n", encoding="utf-8")
    (folder.own / "poster.md.j2").write_text("# Affiche\n", encoding="utf-8")
    names = ("scope-note", "wave-sheet", "poster")
    command = ["runbook", "build", "lyon", *(part for name in names for part in ("--document", name))]
    with running(folder.start(*command)) as process:
        assert process.stdout is not None
        assert "scope-note" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        ended = finished(process)
    assert "Traceback" not in ended.err
    assert ended.code == 130
    poster = folder.text.with_name("poster.fr.md")
    assert not poster.exists()
    assert folder.run_installed(*command).code == 0
    assert poster.read_text(encoding="utf-8") == "# Affiche\n"
    assert folder.run("runbook", "status").code == 0
