"""A text that is kept is told again in the language of whoever reads it."""

from __future__ import annotations

import copy
import errno
import json
import os
import pickle
from collections.abc import Callable

import pytest

from connectors.errors import AuthFailed, ConnectorError
from connectors.language import _, labelled, plural, recorded, reworded, speak
from connectors.os_errors import os_error_text

EXPIRED = "127.0.0.1: the server's certificate has expired (X509 10)"
EXPIRE = "127.0.0.1\u00a0: le certificat du serveur a expiré (X509 10)"


def _expired() -> ConnectorError:
    return AuthFailed(_("the server's certificate has expired"), system="127.0.0.1", detail="X509 10")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_error_is_told_again_in_any_language(language: str) -> None:
    speak(language)
    error = _expired()
    assert str(error) == {"en": EXPIRED, "fr": EXPIRE}[language]
    record = recorded(str(error))
    speak("fr")
    assert reworded(record) == EXPIRE
    speak("en")
    assert reworded(record) == EXPIRED


def test_an_exception_with_a_text_of_ours_tells_it_whole() -> None:
    speak("fr")
    record = recorded(str(ValueError(_("{file} cannot be read: {why}.").format(file="a", why=_("Permission denied")))))
    assert reworded(record) == "a est illisible\u00a0: accès refusé."
    speak("en")
    assert reworded(record) == "a cannot be read: Permission denied."


def test_a_text_of_somebody_elses_stays_as_it_is() -> None:
    """Of a connector that has no catalogue of ours, braces and all."""
    said = "no way {0} in {there}"
    assert reworded(recorded(said)) == said
    assert reworded(recorded(str(AuthFailed(said, system="{x}")))) == "{x}: " + said


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda text: pickle.loads(pickle.dumps(text))])
def test_a_copy_of_a_text_is_told_again_too(copied: Callable[[str], str]) -> None:
    record = recorded(copied(str(_expired())))
    speak("fr")
    assert reworded(record) == EXPIRE


def test_numbers_keep_their_form() -> None:
    said = _("{ref} gave no password within {seconds} seconds.").format(ref="command:pass", seconds=30)
    assert reworded(recorded(said)) == said == "command:pass gave no password within 30 seconds."


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_was_counted_is_told_again_in_the_form_that_the_number_asks_for(language: str) -> None:
    speak(language)
    record = recorded(labelled("anna", plural("{n} message", "{n} messages", 12345)))
    speak("fr")
    assert reworded(record) == "anna\u00a0: 12\u202f345 messages"
    speak("en")
    assert reworded(record) == "anna: 12,345 messages"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_the_system_said_is_told_again_in_any_language(language: str) -> None:
    speak(language)
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    record = recorded(_("{file} cannot be written: {why}.").format(file="a", why=os_error_text(error)))
    speak("fr")
    assert reworded(record) == "a ne peut pas être écrit\u00a0: plus de place sur le disque."
    speak("en")
    assert reworded(record) == "a cannot be written: No space left on device."


def test_what_is_kept_can_be_read_by_programs() -> None:
    assert json.loads(recorded("plain")) == "plain"
    assert json.loads(recorded(_("it is not valid yet")))["text"] == "it is not valid yet"
