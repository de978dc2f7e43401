"""What a run of probes says at its end: a matrix for people, JSON for programs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.table import Table

from connectors.language import _, mark
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import show_line, terminal
from migrate.delivery.judging import FAULTS, Proof, Verdict
from migrate.delivery.probes import ProbeRun

_PROOFS = {
    Proof.PROVED: mark("proved"),
    Proof.LATE: mark("late: {where}"),
    Proof.WAITING: mark("waiting: {where}"),
    Proof.MISSING: mark("MISSING: no copy in {where}"),
    Proof.DOUBLED: mark("DOUBLED: more than one copy in {where}"),
    Proof.STRAYED: mark("STRAYED: a copy where none may be, in {where}"),
    Proof.LOOP: mark("LOOP: twice over {where}"),
    Proof.REFUSED: mark("REFUSED: code {answer}"),
    Proof.NOT_SENT: mark("NOT SENT: {answer}"),
    Proof.UNSEEN: mark("not seen: {where} cannot be looked into"),
    Proof.UNSENDABLE: mark("not sent: the plan has no account for it"),
}


def proof_text(one: Verdict) -> str:
    where = ", ".join(one.where)
    if one.proof is Proof.WAITING and not where:
        return _("waiting: a second copy may follow")
    return _(_PROOFS[one.proof]).format(where=where, answer=one.probe.answer)


def show(run: ProbeRun, verdicts: Sequence[Verdict]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in (_("from"), _("to"), _("address"), _("took"), _("verdict")):
        table.add_column(heading)
    senders = {"outside": _("outside"), "old": _("old side"), "new": _("new side")}
    whom = {
        "moved": _("moves"),
        "not-moved": _("has not moved"),
        "group": _("group of both"),
        "alias": _("alias"),
        "unknown": _("nobody"),
    }
    for one in verdicts:
        took = "" if one.latency is None else _("{n} s").format(n=f"{one.latency:.0f}")
        style = "red" if one.proof in FAULTS else "green" if one.proof is Proof.PROVED else "yellow"
        route = one.probe.route
        table.add_row(senders[route.sender], whom[route.whom], route.address, took, proof_text(one), style=style)
    console = terminal()
    console.print(table)
    for line in _remarks(run, verdicts):
        show_line(console, line)


def _remarks(run: ProbeRun, verdicts: Sequence[Verdict]) -> Iterator[str]:
    proved = sum(one.proof is Proof.PROVED for one in verdicts)
    yield _("{proved} of {all} routes are proved.").format(proved=proved, all=len(verdicts))
    failed: dict[str, set[str]] = defaultdict(set)
    for one in verdicts:
        for check in one.failed_checks:
            failed[check].add(one.probe.route.sender)
    for check, senders in sorted(failed.items()):
        yield _(
            "{check} fails for probes from: {senders}. Such mail may end among junk: see the pitfalls of the recipe."
        ).format(check=check.upper(), senders=", ".join(sorted(senders)))
    # Who has not moved has no mailbox on the new side, as it should be.
    awaited = {f"{leg.side} {leg.mailbox}" for one in run.probes for leg in one.route.legs}
    for place in sorted(awaited.intersection(run.unseen)):
        yield _("{place} could not be looked into: see bascule check.").format(place=place)
    yield _(
        "Proofs: {folder}. To move the probes on the target to the trash: bascule delivery probe {site} --remove"
    ).format(folder=f"evidence/probes/{run.site}", site=run.site)


def as_json(run: ProbeRun, verdicts: Sequence[Verdict], code: Exit) -> dict[str, object]:
    def moment(when: float | None) -> str | None:
        return None if when is None else datetime.fromtimestamp(when, UTC).isoformat()

    return {
        "exit_code": int(code),
        "site": run.site,
        "mode": run.mode,
        "began": moment(run.began),
        "ended": moment(run.ended),
        "proved": sum(one.proof is Proof.PROVED for one in verdicts),
        "unseen": list(run.unseen),
        "routes": [
            {
                "from": one.probe.route.sender,
                "to": one.probe.route.whom,
                "address": one.probe.route.address,
                "token": one.probe.token,
                "sent_at": moment(one.probe.sent_at),
                "answer": one.probe.answer or None,
                "verdict": one.proof.value,
                "where": list(one.where),
                "latency": one.latency,
                "failed_checks": list(one.failed_checks),
                "copies": [
                    {
                        "side": copy.side,
                        "mailbox": copy.mailbox,
                        "folder": list(copy.folder),
                        "arrived_at": moment(copy.at),
                        "received_by": [hop.by for hop in copy.hops],
                        "authentication": copy.authentication,
                    }
                    for copy in one.probe.arrived
                ],
            }
            for one in verdicts
        ],
    }
