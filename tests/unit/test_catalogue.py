"""Everything that people read is there in French."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.language import FOLDER, LANGUAGES, _, language_of, number, plural, speak, spoken

ROOT = Path(__file__).parents[2]


#: What the check finds, then what it finds in another catalogue; the texts are looked for once.
CHECKS = """
import json, runpy, sys
from pathlib import Path
checking = runpy.run_path(sys.argv[1])["problems"]
names = checking.__globals__
texts, of_click, hidden = names["_own_texts"](), list(names["_texts_of_click"]()), list(names["_hidden"]())
names |= {"_own_texts": lambda: texts, "_texts_of_click": lambda: of_click, "_hidden": lambda: hidden}
found = list(checking())
names["PO"] = Path(sys.argv[2])
print(json.dumps([found, list(checking())]))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str]]:
    """What is wrong with the catalogue, and with one in which a text is not translated."""
    catalogue = (FOLDER / "fr" / "LC_MESSAGES" / "bascule.po").read_text(encoding="utf-8")
    assert 'msgid "cannot be reached"\nmsgstr "est injoignable"' in catalogue
    broken = tmp_path_factory.mktemp("catalogue") / "bascule.po"
    broken.write_text(catalogue.replace('msgstr "est injoignable"', 'msgstr ""'), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-c", CHECKS, ROOT / "scripts" / "catalogue.py", broken],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    sound, unsound = json.loads(checked.stdout)
    return sound, unsound


def test_nothing_is_untranslated_guessed_left_over_or_stale(found: tuple[list[str], list[str]]) -> None:
    assert not found[0]


def test_the_check_finds_what_is_not_translated(found: tuple[list[str], list[str]]) -> None:
    assert "Not translated: 'cannot be reached'" in found[1]


def test_one_language_a_process_and_none_after_it_is_settled() -> None:
    speak("fr")
    assert (spoken(), _("cannot be reached"), number(12345.6, 1)) == ("fr", "est injoignable", "12\u202f345,6")
    assert plural("{n} refused, explained below", "{n} refused, explained below", 2) == "2 refusés, expliqués plus bas"
    speak("en", settle=True)
    speak("fr")
    assert (spoken(), _("cannot be reached"), number(12345.6, 1)) == ("en", "cannot be reached", "12,345.6")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "fr_CA.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANGUAGE": "", "LANG": "de_DE"}, "en"),
    ],
)
def test_the_environment_says_which_language_a_person_reads(environment: dict[str, str], language: str) -> None:
    assert language in LANGUAGES
    assert language_of(environment) == language
