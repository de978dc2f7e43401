"""``bascule evidence --for-support``."""

from __future__ import annotations

from pathlib import Path

import click

from connectors.language import _, plural
from migrate.archives.files import new_file
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json
from migrate.cli.organisation import Place, Trouble
from migrate.cli.runbook_whom import gathered
from migrate.evidence.support import write_support_bundle


def support_bundle(place: Place, file: Path, *, to_json: bool) -> None:
    """Make it, and say what is in it.  Raises :class:`Trouble`."""
    organisation = place.load()
    try:
        with gathered(place, organisation) as facts, new_file(file) as out:
            written = write_support_bundle(facts, out)
    except KeyboardInterrupt:
        text = _("Interrupted: there is no file yet. The same command makes it.")
        raise Trouble(text, Exit.INTERRUPTED) from None
    if to_json:
        told = {"exit_code": 0, "file": str(file.absolute()), "files": written.files, "bytes": written.bytes}
        print_json(told)
        return
    files = plural("{n} file", "{n} files", written.files)
    text = _(
        "{file}: {files}. People, addresses, domains and sites have other names in it, and no secret is in it; names of"
        " mail servers of others are. Look at it before you send it."
    )
    click.echo(text.format(file=file.absolute(), files=files))
