"""The operating system speaks English to us; people read their own language, with its word behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from connectors.language import speak
from connectors.os_errors import _KNOWN, os_error_text


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def test_in_english_it_is_what_the_system_says() -> None:
    assert os_error_text(_error(errno.EACCES)) == "Permission denied"


def test_in_french_the_systems_own_word_stands_behind() -> None:
    speak("fr")
    assert os_error_text(_error(errno.EACCES)) == "accès refusé (Permission denied)"


def test_a_file_that_is_not_there() -> None:
    speak("fr")
    with pytest.raises(FileNotFoundError) as caught:
        Path("/there/is/none").read_bytes()
    assert os_error_text(caught.value) == "fichier ou dossier introuvable (No such file or directory)"


def test_what_the_table_does_not_have_stays_the_systems_word() -> None:
    speak("fr")
    assert os_error_text(_error(errno.EXDEV)) == os.strerror(errno.EXDEV)


def test_an_error_that_python_raises_itself_has_its_kind_for_a_word() -> None:
    assert os_error_text(OSError()) == "OSError"


@pytest.mark.parametrize("number", _KNOWN)
def test_the_table_has_the_systems_own_english(number: int) -> None:
    assert os_error_text(_error(number)) == os.strerror(number)
