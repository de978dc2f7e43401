"""``bascule handover``: the organisation goes to another machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import click

from connectors.language import _, labelled, plural
from migrate.cli.exit_codes import Exit, worst
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rollout_whom import by_option, name_of
from migrate.cli.secrets import FINE, code_of_sign_in, explained
from migrate.engine.remembered import Remembered
from migrate.engine.sign_in import Credential, try_all
from migrate.figures import size_text, typed
from migrate.handover.accept import NotAccepted, Pack, accept, is_unpacked, read_pack, unpack
from migrate.handover.left_out import LeftOut
from migrate.handover.pack import pack
from migrate.ledger import events
from migrate.ledger.holder import read_held
from migrate.rollout.history import fold
from plans import Organisation, Site


@click.group()
def handover() -> None:
    """Who goes on from here?  Packs the organisation for another machine, and accepts it there.

    One machine at a time holds an organisation: after it was handed over, commands that write are refused here.
    """


@handover.command("pack")
@click.option("--to", required=True, metavar="NAME", help="Who goes on.")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to; handover-DAY.zip in this folder unless given.",
)
@by_option
@json_option
@click.pass_obj
def pack_(place: Place, to: str, file: Path | None, by: str | None, to_json: bool) -> None:
    """Does somebody else go on?  Packs the folder with its ledger as one file, without secrets.

    Passwords, keys and stored sign-ins are left out and named: they go by another way. From now on nothing may be
    written here; run again, it makes the file again.

    \b
    Example:  bascule handover pack --to "Sophie D." --file /mnt/usb/meridional.zip
    """
    organisation = place.load()
    who, whom = name_of(by), to.strip()
    if not whom:
        raise Trouble(_("Say who goes on: --to NAME."))
    target = file or Path(f"handover-{datetime.now(organisation.time_zone).date().isoformat()}.zip")
    with place.ledger() as ledger:
        try:
            packed = pack(organisation, ledger, target, whom, who)
        except KeyboardInterrupt:
            text = _("Interrupted: there is no file yet. The same command makes it.")
            raise Trouble(text, Exit.INTERRUPTED) from None
    if to_json:
        told = {
            "exit_code": 0,
            "file": str(packed.file.absolute()),
            "to": whom,
            "files": packed.files,
            "bytes": packed.bytes,
            "left_out": [{"path": one.path, "why": one.why, "needed": one.needed} for one in packed.left_out],
        }
        print_json(told)
        return
    files = plural("{n} file", "{n} files", packed.files)
    text = _("{file}: {files}, {size}. From now on {name} holds the organisation; nothing is written here any more.")
    click.echo(text.format(file=packed.file.absolute(), files=files, size=size_text(packed.bytes), name=whom))
    _show_left_out(packed.left_out)
    click.echo(
        _("On the other machine: bascule -C FOLDER handover accept {file} --by {name}").format(
            file=typed(Path(packed.file.name)), name=typed(Path(whom))
        )
    )


@handover.command("accept")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@by_option
@click.option("--take-back", is_flag=True, help="On the machine that packed it, if nobody accepted it elsewhere.")
@json_option
@click.pass_obj
def accept_(place: Place, file: Path, by: str | None, take_back: bool, to_json: bool) -> None:
    """Do you go on, here?  Unpacks FILE, compares every digest, tries every sign-in, and names the new holder.

    Into the folder of -C, which is new or empty. Secrets come by another way; while one is missing or does not sign in,
    nothing is accepted: bring it, and run the same command again.

    \b
    Example:  bascule -C meridional handover accept /mnt/usb/meridional.zip --by "Sophie D."
    """
    who = name_of(by)
    try:
        found = read_pack(file)
        if not is_unpacked(place.folder):
            try:
                unpack(file, found, place.folder)
            except KeyboardInterrupt:
                raise Trouble(_("Interrupted. The same command goes on."), Exit.INTERRUPTED) from None
        else:
            _check_take_back(place, take_back=take_back)
        tried = _try_everybody(place, found, quiet=to_json)
        code = worst(code_of_sign_in(one) for _site, one in tried)
        first = False
        if code is Exit.OK:
            with place.ledger() as ledger:
                first = accept(ledger, found, who)
    except NotAccepted as error:
        raise Trouble(str(error)) from error
    if to_json:
        print_json(_as_json(found, tried, code, who))
    else:
        _show_accepted(found, tried, code, who, first=first)
    sys.exit(code)


def _check_take_back(place: Place, *, take_back: bool) -> None:
    """Raises :class:`NotAccepted` in the folder that was packed, which says so itself, unless it is taken back."""
    held = read_held(place.state)
    if held is not None and held.handed_over and not take_back:
        text = _(
            "This is the machine that packed it. If nobody has accepted it elsewhere, and nobody will: --take-back. Two"
            " machines that hold one organisation cannot know of each other, and copy messages twice."
        )
        raise NotAccepted(text)


def _try_everybody(place: Place, found: Pack, *, quiet: bool) -> list[tuple[Site, Credential]]:
    """Sign in for everybody of each site that is not done; a done one's old system may be gone."""
    missing = [name for name in found.needed if not (place.folder / Path(name).expanduser()).exists()]
    if missing:
        text = _(
            "{folder} is unpacked. Bring what was left out, readable by you only, and run the same command: {files}"
        )
        raise Trouble(text.format(folder=place.folder, files=", ".join(missing)), Exit.AUTH)
    organisation = place.load()
    tried: list[tuple[Site, Credential]] = []
    console = terminal(stderr=True, quiet=quiet)
    stopping = _("Stopping: no further account is tried.")
    with interruptible(console, stopping) as halt, closing(Remembered(place.ledger_file)) as remembered:
        for site in _not_done(place, organisation):
            with console.status(_("Signing in…")):
                tried += [(site, one) for one in try_all(organisation, site, site.people, halt.stop, remembered)]
        if halt.stop.is_set():
            sys.exit(Exit.INTERRUPTED)
    return tried


def _not_done(place: Place, organisation: Organisation) -> list[Site]:
    with place.ledger() as ledger, ledger.read() as connection:
        history = fold(events.every(connection))
    sites = [organisation.sites[name] for name in sorted(organisation.sites)]
    return [site for site in sites if history.course("site", site.name).phase != "done"]


def _as_json(found: Pack, tried: Sequence[tuple[Site, Credential]], code: Exit, who: str) -> dict[str, object]:
    return {
        "exit_code": int(code),
        "organisation": found.organisation,
        "accepted": code is Exit.OK,
        "holder": who if code is Exit.OK else None,
        "files": len(found.files),
        "sign_ins": len(tried),
        "failed": [
            {"site": site.name, "mailbox": one.mailbox, "side": one.side, "state": one.verdict.value}
            for site, one in tried
            if one.verdict not in FINE
        ],
    }


def _show_accepted(found: Pack, tried: Sequence[tuple[Site, Credential]], code: Exit, who: str, *, first: bool) -> None:
    console = terminal()
    for site in {one.name: one for one, _credential in tried}.values():
        for line in explained([one for owner, one in tried if owner is site], site):
            show_line(console, labelled(site.name, line), "red")
    works = sum(one.verdict in FINE for _site, one in tried)
    accounts = plural("{n} account", "{n} accounts", len(tried))
    show_line(console, _("{works} of {accounts} sign in.").format(works=works, accounts=accounts))
    if code is not Exit.OK:
        show_line(console, _("Not accepted yet. Mend this, and run the same command again."), "bold")
    elif first:
        text = _("{name} holds {organisation} now, here. What to do first: bascule rollout next")
        show_line(console, text.format(name=who, organisation=found.organisation), "bold green")
    else:
        show_line(console, _("It was accepted before; nothing has changed."))


def _show_left_out(left: Sequence[LeftOut]) -> None:
    if not left:
        return
    console = terminal()
    show_line(console, _("Left out:"), "bold")
    for one in left:
        needed = _(" (the other machine needs it: bring it by another way)") if one.needed else ""
        show_line(console, "  " + labelled(one.path, one.why) + needed)
