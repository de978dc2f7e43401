"""Secrets are fetched from where the plan says, and shown nowhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from plans import SecretError, SecretRef
from plans import secrets as secrets_module
from plans.problems import Worded
from plans.secrets import resolve

SECRET = "hunter2-é"


def private(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refused(ref: str, folder: Path) -> str:
    with pytest.raises(SecretError) as caught:
        resolve(SecretRef.parse(ref), folder)
    assert "hunter2" not in str(caught.value) + repr(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_a_secret_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLD_MAIL", SECRET)

    assert resolve(SecretRef.parse("env:OLD_MAIL"), tmp_path) == SECRET


def test_a_missing_variable_is_named(tmp_path: Path) -> None:
    assert refused("env:NO_SUCH_VARIABLE", tmp_path) == (
        "The environment variable NO_SUCH_VARIABLE is not set. Set it in this terminal and try again."
    )


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_a_secret_comes_from_a_private_file_of_the_organisation(tmp_path: Path, ending: bytes) -> None:
    private(tmp_path / "old.txt", SECRET.encode() + ending)

    assert resolve(SecretRef.parse("file:old.txt"), tmp_path) == SECRET
    assert resolve(SecretRef.parse(f"file:{tmp_path}/old.txt"), Path("/")) == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o644, 0o666, 0o601])
def test_a_file_that_others_have_any_access_to_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "old.txt", SECRET.encode(), mode)

    assert refused("file:old.txt", tmp_path) == (
        f"file:old.txt can be read by others on this machine. Run: chmod 600 {path}"
    )


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_its_owner_alone_is_taken(tmp_path: Path, mode: int) -> None:
    private(tmp_path / "old.txt", SECRET.encode(), mode)

    assert resolve(SecretRef.parse("file:old.txt"), tmp_path) == SECRET


def test_a_file_that_cannot_give_a_secret_says_why(tmp_path: Path) -> None:
    private(tmp_path / "empty.txt", b"\n")
    private(tmp_path / "latin.txt", "é".encode("cp1252"))
    (tmp_path / "folder").mkdir(mode=0o700)

    assert refused("file:none.txt", tmp_path) == (
        f"file:none.txt: there is no file {tmp_path}/none.txt. Make it, readable by you only."
    )
    assert refused("file:empty.txt", tmp_path) == (
        "file:empty.txt holds an empty password. Put the password there and try again."
    )
    assert refused("file:latin.txt", tmp_path) == (
        "file:latin.txt is not written in UTF-8. Save it again with the encoding UTF-8."
    )
    assert refused("file:folder", tmp_path) == "file:folder cannot be read: Is a directory."


def test_a_secret_comes_from_the_first_line_of_a_command_without_a_shell(tmp_path: Path) -> None:
    program = tmp_path / "show.py"
    program.write_text("import sys; sys.stdout.buffer.write(' '.join(sys.argv[1:]).encode() + b'\\nuser: x\\n')")

    ref = SecretRef.parse(f"command:{sys.executable} show.py '{SECRET}' $HOME ; id")

    assert resolve(ref, tmp_path) == f"{SECRET} $HOME ; id"


def test_a_command_that_fails_says_so_and_shows_neither_its_arguments_nor_its_output(tmp_path: Path) -> None:
    fails = "import sys; print('hunter2'); print('hunter2', file=sys.stderr); sys.exit(3)"

    assert refused(f'command:{sys.executable} -c "{fails}"', tmp_path) == (
        f"command:{sys.executable} failed with exit code 3. Run it in this terminal to see why."
    )
    assert refused(f'command:{sys.executable} -c "pass"', tmp_path) == (
        f"command:{sys.executable} holds an empty password. Put the password there and try again."
    )
    assert refused("command:no-such-program hunter2", tmp_path) == (
        "command:no-such-program cannot be run: No such file or directory."
    )
    binary = "import sys; sys.stdout.buffer.write(b'hunter2' + bytes([255]))"
    assert refused(f'command:{sys.executable} -c "{binary}"', tmp_path) == (
        f"command:{sys.executable} printed something that is not text in UTF-8."
    )


def test_a_command_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_module, "COMMAND_TIMEOUT", 0.5)
    hangs = "import time; print('hunter2', flush=True); time.sleep(60)"

    said = refused(f'command:{sys.executable} -c "{hangs}"', tmp_path)

    assert said == f"command:{sys.executable} gave no password within 0.5 seconds."


class OneSecret(KeyringBackend):
    """A keyring that holds one password, or is locked."""

    priority = 1
    locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked(SECRET)
        return SECRET if (service, username) == ("old/mail", "admin") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("a plan never writes into a keyring")


@pytest.fixture
def one_secret() -> Iterator[OneSecret]:
    backend = OneSecret()  # type: ignore[no-untyped-call]  # keyring leaves it untyped
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def test_a_secret_comes_from_the_keyring(tmp_path: Path, one_secret: OneSecret) -> None:
    assert resolve(SecretRef.parse("keyring:old/mail/admin"), tmp_path) == SECRET
    assert refused("keyring:old/mail/nobody", tmp_path) == (
        "The keyring has no password for keyring:old/mail/nobody. Store it with: keyring set old/mail nobody"
    )
    one_secret.locked = True
    assert refused("keyring:old/mail/admin", tmp_path) == (
        "The keyring of this machine does not answer (KeyringLocked). Unlock it, or name the password in another way."
    )


@pytest.mark.parametrize(
    "text", ["hunter2", "hunter2:x", "", "ENV:hunter2", None, 5, ["hunter2"], "env:", "file:", "keyring:hunter2",
             "keyring:/hunter2", "command:", "command:'hunter2", "env:hunter2 hunter2", "https://hunter2"]
)  # fmt: skip
def test_what_is_not_a_reference_is_refused_and_not_repeated(text: object) -> None:
    with pytest.raises(Worded) as caught:
        SecretRef.parse(text)

    assert "hunter2" not in f"{caught.value}{caught.value!r}{caught.value.message}{caught.value.hint}"
    assert caught.value.hint


def test_a_command_is_shown_without_its_arguments() -> None:
    ref = SecretRef.parse("command:vault-login --token hunter2")

    assert (str(ref), repr(ref)) == ("command:vault-login", "SecretRef('command:vault-login')")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_file_in_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    private(tmp_path / "old.txt", SECRET.encode())

    assert resolve(SecretRef.parse("file:~/old.txt"), Path("/")) == SECRET
