"""``bascule sandbox up``."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from types import FrameType

import click
from rich.console import Console
from rich.live import Live

from connectors.language import _, plural
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import show_line, terminal
from migrate.cli.organisation import Place, Trouble
from migrate.cli.sandbox_page import page, show
from migrate.cli.sandbox_room import clear, held, keep_option, room_of, runs, taken
from migrate.figures import typed
from migrate.sandbox.child import EndedBadly, NotStarted
from migrate.sandbox.company import MAX_MESSAGE
from migrate.sandbox.company_folder import ForeignFolder
from migrate.sandbox.counting import present
from migrate.sandbox.learning import COMPANY, check_room, fill, write_company
from migrate.sandbox.running import NAMES, Sandbox, missing_packages, running_sandbox
from migrate.sandbox.standing import Standing, announced, is_announced, read_standing
from plans.site_checks import ORGANISATION_FILE

#: Of the stand-ins that a company can be moved to: the system's name in the plan.
_TARGETS = {"imap": "new", "google": "google", "microsoft": "microsoft"}
#: Seconds between two looks at whether it is to end; every so many of them its page is drawn anew.
_TICK, _DRAWN_EVERY = 0.2, 10
#: Seconds within which a detached sandbox has to be there.
_PATIENCE = 60.0


@click.command()
@click.option("--learn", is_flag=True, help="Write a small company with its plan and its mail, to move as an exercise.")
@click.option(
    "--target",
    type=click.Choice(sorted(_TARGETS)),
    default="imap",
    help="With --learn: where the company goes; imap unless given.",
)
@click.option(
    "--only",
    type=click.Choice(sorted(_TARGETS)),
    multiple=True,
    help="Start these alone; may be given again. imap is both IMAP servers with POP3, SMTP and DNS.",
)
@keep_option("Keep the state in this folder, and go on from what is kept there.")
@click.option("--detach", is_flag=True, help="Return once it runs; bascule sandbox down ends it.")
@click.pass_obj
def up(place: Place, learn: bool, target: str, only: tuple[str, ...], keep: Path | None, detach: bool) -> None:
    """Where can I try a move?  Starts IMAP, POP3, SMTP, DNS, Google Workspace and Microsoft 365 on this machine.

    They listen on this machine alone and end with Ctrl-C.  Their mailboxes are those of the plan's people, or of a
    small company where there is no plan.

    \b
    Example:  bascule -C learn sandbox up --learn
              bascule sandbox up --detach --keep ~/sandbox
    """
    wanted = _wanted(learn, target, only)
    room = room_of(place, keep)
    if detach:
        _detach(place, room, learn, target, only, keep)
        return
    with held(room), _until_stopped():
        if keep is None:
            clear(room)  # what one that was killed left
        try:
            _run(place, room, wanted, target if learn else None, keep is not None)
        finally:
            if keep is None:
                clear(room)


def _wanted(learn: bool, target: str, only: Sequence[str]) -> frozenset[str]:
    """The stand-ins to start.  Raises :class:`Trouble`."""
    if missing := missing_packages():
        told = _('The sandbox needs more than is installed ({packages}): pip install "bascule[sandbox]"')
        raise Trouble(told.format(packages=", ".join(missing)))
    wanted = frozenset(only or NAMES)
    if learn and not {"imap", target} <= wanted:
        raise Trouble(_("--learn needs the IMAP servers and the target: leave --only out, or name them too."))
    return wanted


def _run(place: Place, room: Path, wanted: frozenset[str], target: str | None, kept: bool) -> None:
    people = _people(place, target)
    # The company has one message that is too large, as every company has.
    largest = MAX_MESSAGE if target is not None else None
    console = terminal()
    try:
        with running_sandbox(room, people, kept=kept, only=wanted, largest=largest) as sandbox:
            if target is not None:
                _teach(console, place, sandbox, target)
            with announced(sandbox.standing, room), suppress(KeyboardInterrupt):
                _watch(console, room, sandbox.standing, _hints(place, sandbox.standing, learn=target is not None))
    except NotStarted as error:
        text = _("A stand-in did not start: {cause}. If its port is taken, end what uses it, or begin anew without"
                 " what was kept in {folder}.")  # fmt: skip
        raise Trouble(text.format(cause=str(error).rstrip("."), folder=room), Exit.CONNECTION) from error
    except EndedBadly as error:
        if kept:
            told = _("A stand-in ended with an error, and what is kept in {folder} may lack something: {cause}")
            raise Trouble(told.format(cause=error, folder=room), Exit.CONNECTION) from error


def _teach(console: Console, place: Place, sandbox: Sandbox, target: str) -> None:
    """Write the company and its mail, unless both were kept."""
    if sandbox.new or not (place.folder / ORGANISATION_FILE).exists():
        write_company(place.folder, sandbox, _TARGETS[target])
    if not present(sandbox.imap["old"], [address for address, _name in COMPANY]):
        count = fill(sandbox.imap["old"])
        show_line(console, plural("{n} message is on the old server.", "{n} messages are on the old server.", count))


def _people(place: Place, target: str | None) -> Sequence[tuple[str, str]]:
    """Whose mailboxes there are.  Raises :class:`Trouble`."""
    if target is not None:
        try:
            check_room(place.folder)
        except ForeignFolder:
            told = _(
                "There is an organisation in {folder} already, and --learn writes one. Choose another folder with -C."
            )
            raise Trouble(told.format(folder=place.folder.absolute())) from None
        return COMPANY
    if not (place.folder / ORGANISATION_FILE).exists():
        return COMPANY
    organisation = place.load()
    found = {
        person.address: person.name or person.address for site in organisation.sites.values() for person in site.people
    }
    return sorted(found.items()) or COMPANY


def _watch(console: Console, room: Path, standing: Standing, hints: Sequence[str]) -> None:
    """Show how it stands until ``sandbox down`` ends it."""
    if not console.is_terminal:
        show(console, standing, hints)
        while is_announced(room):
            time.sleep(_TICK)
        return
    with Live(page(standing, hints), console=console, auto_refresh=False) as live:
        for tick in count(1):
            time.sleep(_TICK)
            if not is_announced(room):
                break
            if tick % _DRAWN_EVERY == 0:
                live.update(page(standing, hints), refresh=True)


def _hints(place: Place, standing: Standing, *, learn: bool) -> list[str]:
    hints = []
    if learn:
        hints.append(_("In another terminal: {command}").format(command=f"bascule -C {typed(place.folder)} plan check"))
    if "dns" in standing.stand_ins:
        address = standing.stand_ins["dns"].address
        command = f"bascule dns check DOMAIN --server {address} --resolver {address} --inside {address}"
        hints.append(_("Its DNS: {command}").format(command=command))
    return [*hints, _("Ctrl-C ends it.")]


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Ctrl-C or SIGTERM ends the block at any moment, which is how a sandbox ends; a second one disturbs nothing."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _detach(place: Place, room: Path, learn: bool, target: str, only: Sequence[str], keep: Path | None) -> None:
    """Start another process that goes on, and wait until it is ready or has ended."""
    if runs(room):
        raise taken(room)
    arguments = ["-C", str(place.folder), "sandbox", "up", "--target", target]
    arguments += ["--learn"] if learn else []
    arguments += [word for name in only for word in ("--only", name)]
    arguments += ["--keep", str(keep)] if keep is not None else []
    with TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, "-m", "bascule", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        deadline = time.monotonic() + _PATIENCE
        while (
            process.poll() is None
            and time.monotonic() < deadline
            and ((standing := read_standing(room)) is None or standing.pid != process.pid)
        ):
            time.sleep(0.1)
        if process.poll() is not None:
            # What it says is worded for people already, and so is its exit code for scripts.
            said.seek(0)
            click.echo(said.read().decode("utf-8", "replace").strip(), err=True)
            raise SystemExit(process.returncode if process.returncode > 0 else Exit.CONNECTION)
    standing = read_standing(room)
    if standing is None or standing.pid != process.pid:
        process.terminate()
        raise Trouble(_("The sandbox was not ready in time."), Exit.CONNECTION)
    ends = _("It goes on. End it with: {command}")
    command = f"bascule -C {typed(place.folder)} sandbox down" + (f" --keep {typed(keep)}" if keep is not None else "")
    hints = _hints(place, standing, learn=learn)[:-1]
    show(terminal(), standing, [*hints, ends.format(command=command)])
