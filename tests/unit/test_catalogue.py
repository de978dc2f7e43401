"""Everything that people read is there in French."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.language import FOLDER, LANGUAGES, _, language_of, number, plural, speak, spoken

ROOT = Path(__file__).parents[2]


def test_nothing_is_untranslated_guessed_left_over_or_stale() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "scripts" / "catalogue.py", "check"], capture_output=True, text=True, cwd=ROOT
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_check_finds_what_is_not_translated(tmp_path: Path) -> None:
    catalogue = (FOLDER / "fr" / "LC_MESSAGES" / "bascule.po").read_text(encoding="utf-8")
    assert 'msgid "cannot be reached"\nmsgstr "est injoignable"' in catalogue
    broken = tmp_path / "fr" / "LC_MESSAGES" / "bascule.po"
    broken.parent.mkdir(parents=True)
    broken.write_text(catalogue.replace('msgstr "est injoignable"', 'msgstr ""'), encoding="utf-8")
    code = (
        "import sys, runpy, pathlib, connectors.language as l;"
        f"l.FOLDER = pathlib.Path({str(tmp_path)!r}); sys.argv = ['catalogue.py', 'check'];"
        f"runpy.run_path({str(ROOT / 'scripts' / 'catalogue.py')!r}, run_name='__main__')"
    )
    checked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert checked.returncode == 1
    assert "Not translated: 'cannot be reached'" in checked.stdout


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
