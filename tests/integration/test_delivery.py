"""Recipes and probes on real Postfix, Exim and Dovecot: what is right is proved, what is wrong is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from click.testing import CliRunner

from migrate.cli.main import bascule
from migrate.delivery.evidence import Evidence
from migrate.delivery.judging import FAULTS, Patience, Proof, Verdict
from migrate.delivery.making import make, routes_of, write
from migrate.delivery.quoting import always_quoted, written
from migrate.delivery.recipe import Recipient, Routes
from tests.acceptance.schemas import valid
from tests.conftest import _present
from tests.integration.delivery_world import ALT, ANNA, BEN, DOMAIN, World, running_world
from tests.servers.certificates import Certificates
from tests.servers.server import ImapServer

EXIM = str(Path(__file__).parents[2] / ".cache/debian/exim/usr/sbin/exim4")
#: Long enough for a machine with much else to do, and for what must not come.
HASTY = Patience(8.0, 3.0)


@pytest.fixture(scope="module", params=["postfix", "exim"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as running:
        yield _present(lambda: running.enter_context(running_world(request.param, folder, certificates)))


#: What one of the two shows for both.
only_postfix = pytest.mark.parametrize("world", ["postfix"], indirect=True)
only_exim = pytest.mark.parametrize("world", ["exim"], indirect=True)


def by_route(verdicts: list[Verdict]) -> dict[tuple[str, str], Proof]:
    return {(one.probe.route.sender, one.probe.route.whom): one.proof for one in verdicts}


@contextmanager
def switched_on(world: World, server: str, mode: str = "dual") -> Iterator[None]:
    world.switch_on(server, mode)  # type: ignore[arg-type]  # one of the two
    try:
        yield
    finally:
        world.switch_off(server)


def test_the_recipe_delivers_twice_and_the_probes_prove_it(world: World, tmp_path: Path) -> None:
    with switched_on(world, world.kind):
        verdicts = world.probe(tmp_path)
        assert set(by_route(verdicts).values()) == {Proof.PROVED}, by_route(verdicts)
    assert [one.proof for one in verdicts] == [Proof.PROVED] * 15
    # The copy shows the way it took, and the probe which was refused that it was sent.
    moved = next(one for one in verdicts if one.probe.route.whom == "moved")
    there = next(one for one in moved.probe.arrived if one.side == "new")
    assert [hop.by for hop in there.hops][-2:] == ["new.example", "old.example"]
    unknown = [one.probe for one in verdicts if one.probe.route.whom == "unknown"]
    assert {(one.state, one.answer) for one in unknown} == {("refused", "550")}
    # No body is kept.
    assert "Nobody needs to answer" not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_the_recipe_delivers_once_to_the_new_side_and_the_probes_prove_it(world: World, tmp_path: Path) -> None:
    with switched_on(world, world.kind, "split"):
        verdicts = world.probe(tmp_path, mode="split")
    assert set(by_route(verdicts).values()) == {Proof.PROVED}, by_route(verdicts)


@only_postfix
def test_without_the_recipe_the_copies_are_missing(world: World, tmp_path: Path) -> None:
    verdicts = by_route(world.probe(tmp_path, patience=HASTY))
    assert {verdicts[sender, "moved"] for sender in ("outside", "old")} == {Proof.MISSING}
    assert verdicts["outside", "not-moved"] is Proof.PROVED


@only_postfix
def test_copies_by_bcc_are_proved_but_for_the_group_that_they_miss(world: World, tmp_path: Path) -> None:
    """The pitfall that the recipe names."""
    with switched_on(world, "postfix-bcc"):
        verdicts = by_route(world.probe(tmp_path, patience=HASTY))
    assert verdicts.pop(("outside", "group")) is verdicts.pop(("old", "group")) is Proof.MISSING
    assert set(verdicts.values()) == {Proof.PROVED}


@only_exim
def test_copies_by_sieve_are_proved(world: World, tmp_path: Path) -> None:
    with switched_on(world, "sieve"):
        verdicts = by_route(world.probe(tmp_path))
    # Mail from the new side to a colleague there never comes by the old one.
    assert set(verdicts.values()) == {Proof.PROVED}, verdicts


ODD = ("o'brien+x", '"odd name"', '"|touch me"', '"a\\\\b"', "$x`y`{z}")


def test_odd_addresses_are_found_by_the_real_servers(world: World) -> None:
    """And none of them is taken for a comment, a program or a second address."""
    people = [Recipient(f"{local}@{DOMAIN}", written(f"{local}@{ALT}")) for local in ODD]
    made = make(world.kind, Routes("odd", DOMAIN, ALT, people, new_host="127.0.0.1:25"), "dual")
    folder = world.old_mta.folder / "odd"
    write(made, folder)
    folder.chmod(0o777)
    if world.kind == "postfix":
        table = "hash:bascule-odd"
        assert world.old_mta.run(["postmap", table], folder).returncode == 0
        found = [
            world.old_mta.run(["postmap", "-q", written(one.address), table], folder).stdout.strip() for one in people
        ]
        assert found == [f"{written(one.address)}, {one.copy_to}" for one in people]
    else:
        etc = world.old_mta.etc
        routers = (folder / "bascule-odd.routers").read_text().replace("/etc/exim4/", f"{folder}/")
        (etc / "routers").write_text(routers)
        try:
            for one in people:
                ended = world.old_mta.run([EXIM, "-C", str(etc / "exim.conf"), "-bt", written(one.address)], folder)
                assert f"{always_quoted(one.copy_to)}\n    <-- " in ended.stdout, (
                    one.address,
                    ended.stdout,
                    ended.stderr,
                )
                assert ended.stdout.count("router = bascule_odd_host") == 1
        finally:
            (etc / "routers").unlink()


@only_exim
def test_a_copy_that_fails_in_silence_is_missed(world: World, tmp_path: Path) -> None:
    """The new side refuses the technical domain; who sent the message is told nothing."""
    people = world.new_mta.etc / "people"
    before = people.read_text()
    people.write_text(before.replace("anna@alt.d.example", "nobody@alt.d.example"))
    world.new_mta.process.stop()
    world.new_mta.process.start()
    try:
        with switched_on(world, world.kind):
            verdicts = by_route(world.probe(tmp_path, patience=HASTY))
    finally:
        people.write_text(before)
        world.new_mta.process.stop()
        world.new_mta.process.start()
    assert verdicts["outside", "moved"] is verdicts["old", "alias"] is Proof.MISSING


@only_postfix
def test_two_recipes_at_once_double_the_copy(world: World, tmp_path: Path) -> None:
    with switched_on(world, "postfix"), switched_on(world, "sieve"):
        verdicts = by_route(world.probe(tmp_path, patience=HASTY))
    assert verdicts["outside", "moved"] is Proof.DOUBLED


@only_postfix
def test_a_loop_is_told(world: World, tmp_path: Path) -> None:
    """The new side sends what comes for the technical domain back to the old one."""
    aliases = world.new_mta.etc / "aliases"
    transport = world.new_mta.etc / "transport"
    before = aliases.read_text(), transport.read_text()
    aliases.write_text(before[0] + f"anna@alt.d.example {ANNA}\n")
    transport.write_text(before[1] + f"{ANNA} smtp:[127.0.0.1]:{world.old_mta.port}\n")
    world.new_mta.process.stop()
    world.new_mta.process.start()
    try:
        with switched_on(world, "postfix"):
            verdicts = by_route(world.probe(tmp_path, patience=HASTY))
    finally:
        aliases.write_text(before[0])
        transport.write_text(before[1])
        world.new_mta.process.stop()
        world.new_mta.process.start()
    assert verdicts["outside", "moved"] is verdicts["outside", "alias"] is Proof.LOOP


@only_postfix
def test_the_check_of_the_recipe_answers_where_the_setting_names_another_one(world: World) -> None:
    """As Postfix comes, virtual_alias_maps is ``$virtual_maps``."""
    plan = world.organisation()
    made = make("postfix", routes_of(plan, plan.sites["paris"]), "dual")
    command = next(step.command for step in made.steps if step.command.startswith("postmap"))
    with switched_on(world, "postfix"):
        maps = world.old_mta.run(["postconf", "-h", "virtual_alias_maps"], world.folder).stdout.strip()
        try:
            world.old_mta.run(["postconf", "-e", f"virtual_alias_maps = $virtual_maps, {maps}"], world.folder)
            ended = world.old_mta.run(["sh", "-c", command], world.folder)
        finally:
            world.old_mta.run(["postconf", "-e", f"virtual_alias_maps = {maps}"], world.folder)
    assert (ended.returncode, ALT in ended.stdout) == (0, True), ended


@only_postfix
def test_the_trap_of_the_colleague_who_has_not_moved(world: World, tmp_path: Path) -> None:
    """Ben works on the old side; once the new side keeps his mail, mail from Anna never reaches him."""
    transport = world.new_mta.etc / "transport"
    before = transport.read_text()
    transport.write_text("")
    world.new_mta.process.stop()
    world.new_mta.process.start()
    try:
        with switched_on(world, "postfix"):
            verdicts = world.probe(tmp_path, patience=HASTY)
    finally:
        transport.write_text(before)
        world.new_mta.process.stop()
        world.new_mta.process.start()
    assert by_route(verdicts)["new", "not-moved"] is Proof.STRAYED
    assert by_route(verdicts)["outside", "not-moved"] is Proof.PROVED


@only_postfix
def test_an_interrupted_run_sends_nothing_twice_and_goes_on(world: World, tmp_path: Path) -> None:
    with switched_on(world, "postfix"):
        stop = Event()
        stop.set()
        first = world.probe(tmp_path, stop=stop)
        assert {one.probe.state for one in first} == {"pending"}
        evidence = Evidence(tmp_path)
        run = evidence.unfinished(evidence.last().began)  # type: ignore[union-attr]  # it was just kept
        assert run is not None
        # Half of them had left when the machine stopped.
        verdicts = world.probe(tmp_path, run=run)
        assert set(by_route(verdicts).values()) == {Proof.PROVED}
        again = world.probe(tmp_path, run=evidence.last())
    assert [one.proof for one in again] == [one.proof for one in verdicts]
    assert not FAULTS & {one.proof for one in again}
    assert {one.probe.token for one in again} == {one.probe.token for one in first}


@only_postfix
def test_the_commands_switch_on_prove_copy_and_tidy_up(world: World) -> None:

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        ended = CliRunner().invoke(bascule, ["-C", str(world.folder), *arguments, "--json"])
        return ended.exit_code, json.loads(ended.stdout)

    with world.new.login(ANNA) as session:
        session.create("Trash")
    earlier = datetime.now(UTC) - timedelta(hours=1)
    with switched_on(world, "postfix"):
        code, told = run("delivery", "on", "paris", "--at", earlier.isoformat(), "--by", "Karim")
        assert (code, valid(told, "delivery-switch")["mailboxes"]) == (0, [ANNA])
        code, told = run("delivery", "probe", "paris", "--wait", "1min", "--again")
        assert (code, valid(told, "delivery-probe")["proved"]) == (0, 15), told
    # What the probes left on both sides is not copied; what other tests lost on the way may still arrive.
    _code, told = run("copy", "paris")
    (mailbox,) = valid(told, "run")["mailboxes"]
    assert mailbox["this_pass"]["copied"] == 0
    assert mailbox["this_pass"]["dual_delivered"] >= 6
    assert mailbox["outcomes"]["pending"] == mailbox["awaited"]
    before = mails(world.old, ANNA)
    code, told = run("delivery", "probe", "paris", "--remove")
    # Each of the nine routes that reach her: three senders, to her, to her alias and to the group.
    assert (code, valid(told, "delivery-remove")["moved_to_trash"]) == (0, 9)
    assert told["left_on_source"] == {ANNA: 6, BEN: 6}
    assert mails(world.old, ANNA) == before
    assert run("delivery", "probe", "paris", "--remove")[1]["moved_to_trash"] == 0


def mails(server: ImapServer, user: str) -> list[bytes]:
    """All messages of an inbox, with their flags."""
    with server.login(user) as session:
        session.select("INBOX", readonly=True)
        return [bytes(part) for part in session.fetch("1:*", "(UID FLAGS BODY.PEEK[])")[1] if isinstance(part, bytes)]
