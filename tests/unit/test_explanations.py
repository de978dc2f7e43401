"""What codes mean is said in one place, and the documents say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from connectors.contract import AuthFailed, Denial, Fatal, OverQuota, TooManySessions, Transient, Unavailable, Untrusted
from connectors.reasons import Reason
from migrate.check.findings import Code
from migrate.cli.advice import error_as_json, what_to_do, worded
from migrate.cli.exit_codes import Exit, code_of
from migrate.cli.explanations import CROWDED, EXITS, REASONS, SIGN_INS, TOO_MANY_SESSIONS, explanation_of
from migrate.cli.main import bascule
from migrate.copy.hold import DeadlinePassed
from migrate.ledger.schema import Outcome
from migrate.ledger.store import LedgerError

_DOCS = Path(__file__).parents[2] / "docs"
_COMMANDS = (_DOCS / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_code_is_explained_as_in_the_documents(reason: Reason) -> None:
    text = REASONS[reason]
    assert text.outcome is not None
    outcome = text.outcome.value.replace("_", " ")
    assert f"| `{reason.value}` | {outcome} | {text.what} | {text.to_do} |" in _COMMANDS
    assert text.why


@pytest.mark.parametrize("denial", Denial)
def test_every_sign_in_code_is_explained_as_in_the_documents(denial: Denial) -> None:
    text = SIGN_INS[denial]
    assert f"| `{denial.value}` | {text.what} | {text.to_do} |" in _COMMANDS
    assert text.why
    error = AuthFailed("no", denial=denial)
    assert (error_as_json(error)["code"], what_to_do(error)) == (denial.value, text.to_do)
    assert code_of(error) is Exit.AUTH


def test_too_many_sessions_are_explained_and_no_wrong_password() -> None:
    assert f"| `{TOO_MANY_SESSIONS}` | {CROWDED.what} | {CROWDED.to_do} |" in _COMMANDS
    error = TooManySessions("no more", limit=3)
    assert (error_as_json(error)["code"], what_to_do(error)) == (TOO_MANY_SESSIONS, CROWDED.to_do)
    assert code_of(error) is Exit.CONNECTION


def test_a_line_that_is_too_slow_for_so_many_sessions_is_told_with_what_helps() -> None:
    error = DeadlinePassed()
    assert worded(error).startswith("the line is too slow: sending took longer than is safe. Too many sessions share")
    assert "max_sessions" in what_to_do(error)
    assert code_of(error) is Exit.CONNECTION


def test_no_two_codes_are_the_same() -> None:
    codes = [*(one.value for one in Reason), *(one.value for one in Denial), TOO_MANY_SESSIONS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("detail", "words"), [("X509 10", "must renew"), ("X509 18", "Look at"), ("PIN", "renewed it")]
)
def test_a_certificate_is_shown_with_the_line_that_pins_it(detail: str, words: str) -> None:
    error = Untrusted("not trusted", system="mail.example.org", detail=detail, fingerprint="AB:CD")
    told = worded(error)
    assert words in told
    assert told.endswith("certificate_pin: sha256:AB:CD")
    assert "telephone" in told
    assert "certificate_pin" not in worded(Untrusted("not trusted", detail=detail))
    assert code_of(error) is Exit.CONNECTION


@pytest.mark.parametrize("code", Exit, ids=lambda code: code.name)
def test_every_exit_code_is_explained_as_in_the_documents(code: Exit) -> None:
    text = EXITS[code]
    assert f"| {int(code)} | {code.name} | {text.what} | {text.to_do} |" in _COMMANDS
    assert text.why


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNCERTAIN, Outcome.MERGED, Outcome.LEFT_OUT])
def test_what_has_no_reason_is_explained_all_the_same(outcome: Outcome) -> None:
    assert explanation_of(outcome, None).what


@pytest.mark.parametrize("code", ["too-large", "TOO-LARGE", "not-connected", "5", "quota", "130"])
def test_explain_says_what_why_and_what_to_do(code: str) -> None:
    done = CliRunner().invoke(bascule, ["explain", code])
    assert done.exit_code == 0, done.output
    words = " ".join(done.output.split())
    assert "Why: " in words
    assert "What to do: " in words


def test_explain_lists_all_codes() -> None:
    done = CliRunner().invoke(bascule, ["explain"])
    sign_ins = [*(denial.value for denial in Denial), TOO_MANY_SESSIONS]
    for code in [*(reason.value for reason in Reason), *sign_ins, *(f"{int(code)} {code.name}" for code in Exit)]:
        assert re.search(rf"^{re.escape(code)} ", done.output, re.MULTILINE), code
    told = json.loads(CliRunner().invoke(bascule, ["explain", "--json"]).output)
    assert len(told["codes"]) == len(Reason) + len(sign_ins) + len(Exit)


def test_an_unknown_code_is_a_mistake_with_a_hint() -> None:
    done = CliRunner().invoke(bascule, ["explain", "too-big"])
    assert done.exit_code == 2
    assert 'There is no code "too-big".' in done.output
    assert "too-large" in done.output


def test_every_finding_of_a_check_is_documented_and_in_its_schema() -> None:
    codes = set(get_args(Code))
    section = _COMMANDS.partition("## `bascule check`")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \| (?:problem|attention|note) \|", section, re.MULTILINE)) == codes
    schema = json.loads((_DOCS / "schemas" / "check.json").read_text(encoding="utf-8"))
    finding = schema["properties"]["mailboxes"]["items"]["properties"]["findings"]["items"]["properties"]
    assert set(finding["code"]["enum"]) == codes


def test_the_schemas_know_every_outcome_and_exit_code() -> None:
    for file in (_DOCS / "schemas").glob("*.json"):
        schema = json.loads(file.read_text(encoding="utf-8"))
        assert f"schemas/{file.name}" in (_DOCS / "json.md").read_text(encoding="utf-8")
        codes = schema["properties"].get("exit_code")
        # 1 and 2 write no JSON, but where the plan itself, or what is named on the command line, is the question.
        asks = file.stem in ("archive-inspect", "dry-run", "people-import", "run")
        wanted = {int(code) for code in Exit} - ({1} if asks else {1, 2})
        wanted = {0, 2} if file.stem == "plan-check" else wanted
        assert codes is None or set(codes["enum"]) == wanted, file.name
    outcomes = json.loads((_DOCS / "schemas" / "run.json").read_text(encoding="utf-8"))
    (full, _bare) = outcomes["properties"]["mailboxes"]["items"]["anyOf"]
    assert set(full["properties"]["outcomes"]["properties"]) == set(Outcome)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AuthFailed("no", detail="LIMIT"), "password"),
        (Unavailable("cannot be reached", detail="ECONNREFUSED"), "host, port and tls"),
        (Unavailable("not now"), "Wait a little"),
        (Fatal("the server's certificate has expired", detail="X509 10"), "renew the certificate"),
        (OverQuota("full"), "more room"),
        (Transient("the connection was lost"), "Run the same command again"),
        (LedgerError("the ledger is damaged"), ""),
    ],
)
def test_a_trouble_of_the_world_is_said_with_what_to_do(error: Exception, words: str) -> None:
    assert words in what_to_do(error)
    told = worded(error)
    assert told.startswith(str(error))
    assert ".." not in told
