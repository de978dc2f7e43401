"""``bascule evidence``: the file of proofs of a site, its check, and a bundle to ask for help with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from connectors.language import _, plural
from migrate.cli.evidence_support import support_bundle
from migrate.cli.evidence_verify import verify
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rollout_whom import by_option, name_of
from migrate.cli.runbook_whom import gathered
from migrate.evidence.contents import Contents
from migrate.evidence.making import make_evidence
from migrate.evidence.zipping import Written
from migrate.figures import size_text

_C = TypeVar("_C", bound=Callable[..., object])


class _SiteOrCommand(click.Group):
    """What is no command is a site: ``bascule evidence lyon``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = args and (args[0] in self.commands or args[0].startswith("-"))
        return super().resolve_command(ctx, args if known else ["site", *args])


def file_option(name: str) -> Callable[[_C], _C]:
    return click.option(
        "--file",
        type=click.Path(dir_okay=False, path_type=Path),
        help=f"Where to; {name} in this folder unless given.",
    )


@click.group(cls=_SiteOrCommand, invoke_without_command=True)
@click.option("--for-support", is_flag=True, help="A safe bundle to ask for help with, of the whole organisation.")
@file_option("support.zip")
@json_option
@click.pass_context
def evidence(context: click.Context, for_support: bool, file: Path | None, to_json: bool) -> None:
    """What proves it?  One zip of a site's proofs, and the check that nothing in it was changed.

    bascule evidence SITE makes the file. It has no password, no subject and no text of a message in it.

    \b
    Example:  bascule evidence lyon
              bascule evidence verify evidence-lyon.zip
              bascule evidence --for-support
    """
    if context.invoked_subcommand is not None:
        if for_support or file is not None:
            raise Trouble(_("--for-support is of the whole organisation: give it without a site."))
        return
    if not for_support:
        raise Trouble(_("Name a site: bascule evidence SITE. For help from outside: bascule evidence --for-support."))
    place: Place = context.obj
    _check_target(target := file or Path("support.zip"))
    support_bundle(place, target, to_json=to_json)


@evidence.command("site")
@site_argument
@file_option("evidence-SITE.zip")
@by_option
@json_option
@click.pass_obj
def site_(place: Place, site: str, file: Path | None, by: str | None, to_json: bool) -> None:
    """Where are all proofs of SITE?  Makes one zip of them; the word site may be left out.

    The verification, the account of every mailbox, each message that was not copied with its reason, the domain's
    records as they were seen, test messages, decisions, documents, versions, and the SHA-256 of each file. The same
    state makes the same file. Its digest is kept in the ledger, and shown: write it into what people sign.

    \b
    Example:  bascule evidence site lyon --file /mnt/usb/lyon.zip
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    target = file or Path(f"evidence-{plan.name}.zip")
    _check_target(target)
    who = name_of(by)
    try:
        with gathered(place, organisation) as facts:
            contents, written = make_evidence(facts, plan, target, who)
    except KeyboardInterrupt:
        text = _("Interrupted: there is no file yet. The same command makes it.")
        raise Trouble(text, Exit.INTERRUPTED) from None
    if to_json:
        print_json(_as_json(target, contents, written))
    else:
        _show(target, contents, written)


def _check_target(file: Path) -> None:
    """Before anything is read: is there a place for it?"""
    folder = file.absolute().parent
    if not folder.is_dir():
        raise Trouble(_("There is no folder {folder} to write to. Make it, or name another.").format(folder=folder))


def _as_json(file: Path, contents: Contents, written: Written) -> dict[str, Any]:
    return {
        "exit_code": 0,
        "file": str(file.absolute()),
        "manifest_sha256": written.digest,
        "files": written.files,
        "bytes": written.bytes,
        "as_of": contents.about["as_of"],
        "missing": contents.about["missing"],
        "withheld": contents.about["withheld"],
    }


def _show(file: Path, contents: Contents, written: Written) -> None:
    console = terminal()
    files = plural("{n} file", "{n} files", written.files)
    text = _("{file}: {files}, {size} unpacked.")
    show_line(console, text.format(file=file.absolute(), files=files, size=size_text(written.bytes)), "bold green")
    show_line(console, _("SHA-256 of its manifest: {digest}").format(digest=written.digest))
    for missing in contents.missing:
        line = _("Not there yet: {part}. It comes from: {command}")
        show_line(console, line.format(part=missing.part, command=missing.command), "yellow")
    for held in contents.withheld:
        show_line(console, _("Held back: {path} ({why})").format(path=held.path, why=held.why), "yellow")


evidence.add_command(verify)
