"""Particular accounts of a Dovecot, asked before the password database that lets everybody in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.process import private_folder
from tests.servers.server import PASSWORD

#: Whom this Dovecot does not let in: switched off, and denied.
SWITCHED_OFF, DENIED = "switched-off", "denied"
#: Lets in with letters beyond ASCII and all that must be quoted.
ODD, ODD_PASSWORD = "odd", 'süß € "q\\d" %u*{+}'
TOKEN_MECHANISMS = "xoauth2 oauthbearer"

_PARTICULAR = {
    "2.3": """
passdb {{
  driver = passwd-file
  deny = yes
  args = {folder}/denied
}}
passdb {{
  driver = passwd-file
  args = {folder}/particular
}}
""",
    "2.4": """
passdb denied {{
  driver = passwd-file
  deny = yes
  passwd_file_path = {folder}/denied
}}
passdb particular {{
  driver = passwd-file
  passwd_file_path = {folder}/particular
}}
""",
}
_TOKENS = {
    "2.3": """
passdb {{
  driver = oauth2
  mechanisms = {mechanisms}
  args = {folder}/tokens
}}
""",
    "2.4": """
oauth2 {{
  introspection_mode = post
  introspection_url = http://127.0.0.1:{port}/introspect
  username_attribute = username
  active_attribute = active
  active_value = true
}}
passdb oauth2 {{
  mechanisms_filter = {mechanisms}
}}
""",
}


@contextmanager
def particular_passdbs(series: str) -> Iterator[str]:
    """Passdbs with the accounts SWITCHED_OFF, DENIED and ODD."""
    with private_folder("passdbs") as folder:
        (folder / "denied").write_text(f"{DENIED}:\n")
        (folder / "particular").write_text(
            f"{SWITCHED_OFF}:{{PLAIN}}{PASSWORD}::::::nologin=y\n{ODD}:{{PLAIN}}{ODD_PASSWORD}\n"
        )
        yield _PARTICULAR[series].format(folder=folder)


@contextmanager
def token_passdbs(series: str, port: int) -> Iterator[str]:
    """A passdb that asks the token endpoint on ``port``."""
    with private_folder("passdbs") as folder:
        (folder / "tokens").write_text(
            f"introspection_url = http://127.0.0.1:{port}/introspect\n"
            "introspection_mode = post\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n"
        )
        yield _TOKENS[series].format(folder=folder, port=port, mechanisms=TOKEN_MECHANISMS)
