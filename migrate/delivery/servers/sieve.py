"""Sieve (RFC 5228, RFC 3894 for :copy), as Dovecot's Pigeonhole runs it before people's own scripts."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.language import _
from migrate.delivery.quoting import comment, sieve, written
from migrate.delivery.recipe import Mode, Recipe, RecipeFile, RecipeStep, Recipient, Routes
from migrate.delivery.servers.common import of_server, probe_step, recipe, told_step, untold_step

_SETTINGS = """\
plugin {
  sieve_before = /etc/dovecot/sieve-before
}
# Since Dovecot 2.4, in the place of the three lines above:
sieve_script bascule {
  type = before
  path = /etc/dovecot/sieve-before/
}
doveadm reload"""


def for_everybody(routes: Routes, mode: Mode) -> Recipe:
    """One script for the server, run before everybody's own."""
    name = f"bascule-{routes.site}.sieve"
    lines = [f"# {comment(routes.site)}: {mode} delivery", 'require ["copy", "envelope"];']
    for person in routes.recipients:
        addresses = ", ".join(sieve(written(one)) for one in person.addresses)
        lines.append(f'if envelope :is "to" [{addresses}] {{ {redirect(person, mode)} }}')
    files = [RecipeFile(name, "\n".join(lines) + "\n", f"/etc/dovecot/sieve-before/{name}")]
    pitfalls = [
        _(
            "The script sees the address that the mail server hands over (“envelope to”). Where the server hands over"
            " account names instead of addresses, no line matches, and the probes show it."
        ),
        _("Servers limit redirections (Pigeonhole: sieve_max_redirects, 4 for a message): one is enough here."),
    ]
    return recipe("sieve", "Sieve", mode, routes, files, _steps(routes, name), pitfalls)


def redirect(person: Recipient, mode: Mode) -> str:
    """The action of one person: a copy, or the message itself."""
    return f"redirect {':copy ' if mode == 'dual' else ''}{sieve(written(person.copy_to))};"


def _steps(routes: Routes, name: str) -> Iterator[RecipeStep]:
    if routes.new_host is not None:
        yield RecipeStep(
            "on",
            of_server(),
            _("Let the mail server hand mail for {technical} to {host}: Sieve gives it the copies to send.").format(
                technical=routes.technical, host=routes.new_host
            ),
            see=_("A message to somebody at {technical} arrives on the new side.").format(technical=routes.technical),
            otherwise=_("Without this route the copies come back as undeliverable."),
        )
    yield RecipeStep(
        "on",
        of_server(),
        _("Copy the script to the server and compile it. When people join or leave, do the same again."),
        f"install -d /etc/dovecot/sieve-before && install -m 644 {name} /etc/dovecot/sieve-before/\n"
        f"sievec /etc/dovecot/sieve-before/{name}",
        _("sievec ends without a word."),
    )
    yield RecipeStep(
        "on",
        of_server(),
        _("Let Dovecot run it before everybody's own script: once, in its settings."),
        _SETTINGS,
        _("doveconf -n shows /etc/dovecot/sieve-before, and mail_plugins of lmtp or lda names sieve."),
        _("Without the Sieve plugin nothing is run: install it, or take another recipe."),
    )
    yield told_step(routes)
    yield probe_step(routes)
    yield RecipeStep(
        "off",
        of_server(),
        _("Remove the script; the setting may stay."),
        f"rm -f /etc/dovecot/sieve-before/{name.removesuffix('.sieve')}.sieve"
        f" /etc/dovecot/sieve-before/{name.removesuffix('.sieve')}.svbin\ndoveadm reload",
    )
    yield untold_step(routes)
