"""Recipes: the same plan gives the same bytes, addresses are data, and nothing is switched off for the wrong people."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import powershell
from connectors.language import in_language
from migrate.cli.main import bascule
from migrate.delivery import quoting
from migrate.delivery.making import SERVERS, STEPS, earlier_people, lines, make, routes_of, write
from migrate.delivery.recipe import CannotDeliver, Mode, Recipient, Routes
from migrate.delivery.servers.common import people_file, read_people
from tests.acceptance.schemas import valid
from tests.unit.directory.plans_for import organisation, person, site

MODES: tuple[Mode, Mode] = ("dual", "split")


def someone(address: str, *aliases: str) -> Recipient:
    local = quoting.parts(address)[0]
    return Recipient(address, quoting.written(f"{quoting.quoted(local)}@alt.d.example"), aliases)


def routes(*people: Recipient, gone: tuple[Recipient, ...] = ()) -> Routes:
    return Routes("paris", "d.example", "alt.d.example", people, gone, "mx.new.example", "mx.old.example")


ODD = routes(
    someone("o'brien+x@d.example", "boss@d.example"),
    someone('"odd name"@d.example'),
    someone("|touch/tmp/x@d.example"),
    someone("$(touch)`x`@d.example"),
    gone=(someone("gone@d.example"),),
)


#: These can only add copies.
NO_SPLIT = ("plesk", "postfix-bcc")


@pytest.mark.parametrize("server", NO_SPLIT)
def test_what_can_only_add_copies_is_refused_for_split_delivery(server: str) -> None:
    with pytest.raises(CannotDeliver, match="delivery"):
        make(server, ODD, "split")


@pytest.mark.parametrize(
    ("server", "mode"), [(one, mode) for one in SERVERS for mode in MODES if mode == "dual" or one not in NO_SPLIT]
)
def test_every_recipe_says_how_to_switch_on_check_and_switch_off(server: str, mode: Mode, tmp_path: Path) -> None:
    made = make(server, ODD, mode)
    assert {step.moment for step in made.steps} == {"on", "check", "off"}
    assert all(step.owner and step.what for step in made.steps)
    assert any("bascule delivery probe paris" in step.command for step in made.steps)
    said = " ".join(made.pitfalls)
    assert "loop" in said
    assert "SPF" in said
    assert "DMARC" in said
    write(made, tmp_path)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    write(make(server, ODD, mode), tmp_path)
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before
    assert STEPS in before


@pytest.mark.parametrize("server", ["exchange", "zimbra", "hmailserver", "plesk"])
def test_who_left_the_site_is_switched_off_where_a_server_keeps_it_a_person(server: str) -> None:
    on = next(one.text for one in make(server, ODD, "dual").files if one.name.startswith("switch-on"))
    line = next(line for line in on.splitlines() if "gone@d.example" in line)
    assert re.search(r"\$null|\$false| -zimbra|del:", line), line


def test_people_are_added_and_taken_away_and_the_list_remembers(tmp_path: Path) -> None:
    anna, ben = someone("anna@d.example"), someone("ben@d.example", "b@d.example")
    write(make("zimbra", routes(anna, ben), "dual"), tmp_path)
    assert earlier_people(tmp_path) == [anna, ben]
    assert earlier_people(tmp_path / "none") == []
    write(make("zimbra", routes(anna, gone=(ben,)), "dual"), tmp_path)
    assert (tmp_path / "people.csv").read_text().splitlines()[1:] == [
        "anna@d.example;anna@alt.d.example;;on",
        "ben@d.example;ben@alt.d.example;b@d.example;off",
    ]
    # Who is off stays off in every later recipe.
    assert [one.address for one in earlier_people(tmp_path)] == ["anna@d.example", "ben@d.example"]


@pytest.mark.parametrize(
    ("target", "copy_to"),
    [
        ("anna@a.example", "anna@a.example.test-google-a.com"),
        ("A.Berg@a.example", "A.Berg@a.example.test-google-a.com"),
        ("anna.berg@elsewhere.example", "anna@a.example.test-google-a.com"),
        ("aberg", "anna@a.example.test-google-a.com"),
    ],
)
def test_copies_go_to_the_account_whatever_it_is_called(target: str, copy_to: str) -> None:
    plan = organisation(site("lyon", person("anna", target=target), domain="a.example"))
    assert [one.copy_to for one in routes_of(plan, plan.sites["lyon"]).recipients] == [copy_to]


@pytest.mark.parametrize(
    "spoilt", [b"address,copy_to\nanna@d.example,x\n", "address;copy_to;é".encode("cp1252"), b"address;copy_to\nanna\n"]
)
def test_a_list_that_somebody_has_spoilt_is_told_since_nobody_else_knows_who_left(
    spoilt: bytes, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_bytes(spoilt)
    with pytest.raises(CannotDeliver, match=r"people\.csv"):
        earlier_people(tmp_path)


LOCAL = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\r\n", exclude_categories=["Cs", "Cc"]), min_size=1
)


@given(LOCAL)
@settings(max_examples=200, deadline=None)
def test_an_address_is_data_in_every_syntax(local: str) -> None:
    address = f"{quoting.quoted(local)}@d.example"
    assert quoting.parts(quoting.written(address)) == (local, "d.example")
    assert quoting.parts(quoting.always_quoted(address)) == (local, "d.example")
    assert shlex.split(quoting.shell(address)) == [address]
    literal = powershell.quoted(address)
    assert re.fullmatch(r"'([^'\u2018\u2019\u201a\u201b]|(['\u2018\u2019\u201a\u201b])\2)*'", literal)
    script = quoting.sieve(quoting.written(address))
    assert re.sub(r"\\(.)", r"\1", script[1:-1]) == quoting.written(address)
    assert re.fullmatch(r'"([^"\\]|\\.)*"', script, re.DOTALL)
    one = someone(address)
    assert [read.address for read in read_people(people_file(routes(one)).text)] == [one.address]


def test_a_comment_cannot_be_left() -> None:
    assert quoting.comment("paris\nrm -rf /\u2028x") == "paris rm -rf / x"


def test_maps_hold_no_comments_and_no_programs() -> None:
    postfix = next(one.text for one in make("postfix", ODD, "dual").files if one.name == "bascule-paris")
    assert not [line for line in postfix.splitlines() if line.startswith(("#", " "))]
    exim = next(one.text for one in make("exim", ODD, "dual").files if one.name == "bascule-paris")
    # A value that began with a bar would be run.
    assert all(': "' in line for line in exim.splitlines())


def test_an_address_that_postfix_would_take_for_a_comment_is_refused() -> None:
    with pytest.raises(CannotDeliver, match="line that begins with #"):
        make("postfix", routes(someone("#x@d.example")), "dual")


def test_split_delivery_keeps_nothing_on_the_old_side() -> None:
    lines_ = next(one.text for one in make("postfix", ODD, "split").files if one.name == "bascule-paris")
    assert "boss@d.example o'brien+x@alt.d.example\n" in lines_
    dual = next(one.text for one in make("postfix", ODD, "dual").files if one.name == "bascule-paris")
    assert "boss@d.example boss@d.example, o'brien+x@alt.d.example\n" in dual


def test_a_recipe_speaks_the_sites_language() -> None:
    with in_language("fr"):
        assert "\n".join(lines(make("postfix", ODD, "dual")))


def plan(folder: Path, domain: str = "{technical_domain: alt.d.example}") -> None:
    (folder / "sites").mkdir()
    (folder / "organisation.yaml").write_text(
        "name: Example\nlanguage: en\ntime_zone: Europe/Paris\n"
        "systems: {old: {connector: imap, host: mail.d.example}, new: {connector: imap, host: imap.new.example}}\n"
        f"domains: {{d.example: {domain}}}\n"
    )
    (folder / "sites/paris.yaml").write_text(
        "site: paris\nsource: old\ntarget: new\ndomain: d.example\n"
        "people: [{address: anna@d.example, aliases: [a@d.example, anna@other.example]}, elsewhere@other.example]\n"
    )


def test_the_command_writes_the_recipe_of_the_plan(tmp_path: Path) -> None:
    plan(tmp_path)
    command = ["-C", str(tmp_path), "delivery", "recipe", "paris", "--server", "postfix"]
    shown = CliRunner().invoke(bascule, command)
    assert shown.exit_code == 0, shown.output
    assert "SWITCH ON" in shown.output
    table = (tmp_path / "delivery/paris/postfix/bascule-paris").read_text()
    # What is of another domain is no route of this recipe.
    assert table == ("anna@d.example anna@d.example, anna@alt.d.example\na@d.example a@d.example, anna@alt.d.example\n")
    told = valid(json.loads(CliRunner().invoke(bascule, [*command, "--json"]).output), "delivery-recipe")
    assert (told["people"], told["technical_domain"]) == (1, "alt.d.example")


@pytest.mark.parametrize(
    ("arguments", "domain", "told"),
    [
        (["--server", "postfix"], "{}", "technical_domain below d.example"),
        (["--server", "plesk", "--mode", "split"], "{technical_domain: alt.d.example}", "Use dual delivery"),
        (["--server", "postfix"], "{technical_domain: D.example}", "would come back"),
        (["--server", "qmail"], "{}", "'qmail' is not one of"),
    ],
)
def test_what_the_plan_does_not_say_is_asked_for(tmp_path: Path, arguments: list[str], domain: str, told: str) -> None:
    plan(tmp_path, domain)
    ended = CliRunner().invoke(bascule, ["-C", str(tmp_path), "delivery", "recipe", "paris", *arguments])
    assert ended.exit_code == 2
    assert told in " ".join(ended.output.split())
