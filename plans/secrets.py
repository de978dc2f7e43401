"""References to secrets: where a password is, never the password.

A plan names a secret as ``env:NAME``, ``file:path`` (a file that only its owner can read), ``keyring:service/user``
or ``command:program and arguments``.  It is fetched when an account is needed, and nowhere kept by us.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import PlainValidator, WithJsonSchema

from connectors.language import _, mark
from connectors.os_errors import os_error_text
from plans.problems import Worded

#: Seconds a secret command may take: it may ask a password manager over the network, never a person.
COMMAND_TIMEOUT = 30.0
_KINDS = ("env", "file", "keyring", "command")
_FORMS = mark("env:NAME, file:PATH, keyring:SERVICE/USER or command:PROGRAM")


class SecretError(Exception):
    """A secret could not be had.  The text says what to do and never holds any part of a secret."""


class MissingSecret(SecretError):
    """There is no such secret: it was never filled in, or its place is empty."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is.  Shows a command without its arguments, as people put tokens there."""

    kind: Literal["env", "file", "keyring", "command"]
    value: str

    def __str__(self) -> str:
        if self.kind == "command":
            return f"command:{shlex.split(self.value)[0]}"
        return f"{self.kind}:{self.value}"

    def __repr__(self) -> str:
        return f"SecretRef({str(self)!r})"

    @classmethod
    def parse(cls, text: object) -> SecretRef:
        """Read a reference as a plan holds it.

        Raises :class:`Worded`, which never repeats what was given: it may be the password itself.
        """
        kind, colon, value = text.strip().partition(":") if isinstance(text, str) else ("", "", "")
        value = value.strip()
        if not colon or kind not in _KINDS:
            message = _("must say where the password is, and not be the password itself.")
            raise Worded(message, _("Write {forms}.").format(forms=_(_FORMS)))
        if kind == "env" and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
            message = _("After env: comes the name of an environment variable.")
            raise Worded(message, _("For example env:OLD_MAIL_PASSWORD."))
        if kind == "file" and not value:
            raise Worded(_("After file: comes the path of a file."), _("For example file:secrets/old.txt."))
        if kind == "keyring" and not all(part.strip() for part in (value.rpartition("/")[::2])):
            raise Worded(_("After keyring: come a service and a user."), _("For example keyring:old-mail/admin."))
        if kind == "command":
            _arguments(value)
        return cls(cast('Literal["env", "file", "keyring", "command"]', kind), value)


#: A secret reference as a field of a plan's model.
SecretField = Annotated[
    SecretRef,
    PlainValidator(SecretRef.parse),
    WithJsonSchema({"type": "string", "pattern": "^(env|file|keyring|command):"}),
]


def resolve(ref: SecretRef, folder: Path) -> str:
    """The secret.  Relative ``file:`` paths, and commands, start in ``folder``.

    Raises :class:`SecretError`; an empty secret is an error too.
    """
    fetch = {"env": _from_env, "file": _from_file, "keyring": _from_keyring, "command": _from_command}[ref.kind]
    secret = fetch(ref, folder)
    if not secret:
        raise MissingSecret(_("{ref} holds an empty password. Put the password there and try again.").format(ref=ref))
    return secret


def read_private(ref: SecretRef, folder: Path) -> bytes:
    """The bytes of the file that a ``file:`` reference names, which only its owner may read.

    Raises :class:`SecretError` when it is missing, or when its group or others have any access to it.  Windows has no
    such modes, and is not asked.
    """
    path = folder / Path(ref.value).expanduser()
    try:
        with path.open("rb") as file:
            # Asked of the open file, so that nobody can put another in its place in between.
            if os.name != "nt" and os.fstat(file.fileno()).st_mode & 0o077:
                command = shlex.join(["chmod", "600", str(path)])
                message = _("{ref} can be read by others on this machine. Run: {command}")
                raise SecretError(message.format(ref=ref, command=command))
            return file.read()
    except FileNotFoundError:
        message = _("{ref}: there is no file {path}. Make it, readable by you only.")
        raise MissingSecret(message.format(ref=ref, path=path)) from None
    except OSError as error:
        raise SecretError(_("{ref} cannot be read: {why}.").format(ref=ref, why=os_error_text(error))) from None


def _from_env(ref: SecretRef, folder: Path) -> str:
    del folder
    if ref.value not in os.environ:
        message = _("The environment variable {name} is not set. Set it in this terminal and try again.")
        raise MissingSecret(message.format(name=ref.value))
    return os.environ[ref.value]


def _from_file(ref: SecretRef, folder: Path) -> str:
    try:
        return read_private(ref, folder).decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        message = _("{ref} is not written in UTF-8. Save it again with the encoding UTF-8.")
        raise SecretError(message.format(ref=ref)) from None


def _from_keyring(ref: SecretRef, folder: Path) -> str:
    del folder
    import keyring  # loads every backend of the machine: only when a plan asks for it
    from keyring.errors import KeyringError

    service, user = ref.value.rpartition("/")[::2]
    try:
        secret = keyring.get_password(service, user)
    except KeyringError as error:
        kind = type(error).__name__
        message = _(
            "The keyring of this machine does not answer ({kind}). Unlock it, or name the password in another way."
        )
        raise SecretError(message.format(kind=kind)) from None
    if secret is None:
        command = shlex.join(["keyring", "set", service, user])
        message = _("The keyring has no password for {ref}. Store it with: {command}")
        raise MissingSecret(message.format(ref=ref, command=command))
    return secret


def _from_command(ref: SecretRef, folder: Path) -> str:
    arguments = _arguments(ref.value)
    try:
        done = subprocess.run(  # noqa: S603  the plan's owner names the program; no shell reads it
            arguments, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:  # holds the output, so it must not be chained
        message = _("{ref} gave no password within {seconds} seconds.")
        raise SecretError(message.format(ref=ref, seconds=f"{COMMAND_TIMEOUT:g}")) from None
    except OSError as error:
        raise SecretError(_("{ref} cannot be run: {why}.").format(ref=ref, why=os_error_text(error))) from None
    if done.returncode:
        message = _("{ref} failed with exit code {code}. Run it in this terminal to see why.")
        raise SecretError(message.format(ref=ref, code=done.returncode))
    try:
        lines = done.stdout.decode().splitlines()
    except UnicodeDecodeError:
        raise SecretError(_("{ref} printed something that is not text in UTF-8.").format(ref=ref)) from None
    return lines[0] if lines else ""


def _arguments(value: str) -> list[str]:
    try:
        arguments = shlex.split(value)
    except ValueError:
        raise Worded(_("A quote in this command is not closed."), _("Add the closing quote.")) from None
    if not arguments:
        message = _("After command: comes a program with its arguments.")
        raise Worded(message, _("For example command:pass show old-mail."))
    return arguments
