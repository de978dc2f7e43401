"""What belongs into the file of proofs of a site: tables made from the ledger, and files that commands kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from connectors.contract import Reason
from connectors.language import _, in_language
from migrate.delivery.evidence import Evidence
from migrate.dns import snapshots
from migrate.documents.gathering import Gathered, Subject
from migrate.documents.routes import delivery_facts
from migrate.evidence.tables import table, utc_text
from migrate.evidence.verifications import folder_of as verifications_of
from migrate.evidence.versions import versions
from migrate.evidence.zipping import Entry, pieces_of
from migrate.figures import path_text
from migrate.handover.left_out import Secrets
from migrate.ledger import counts, mailboxes, not_copied
from migrate.ledger.events import Event
from migrate.ledger.schema import Direction, Outcome
from plans import Site
from runbooks.facts import Seen

#: Of the events, this kind tells that a file like this was made: it is no part of what happened.
MADE = "evidence"
_FORTH = Direction.FORTH
_PAGE = 1000
#: Mail that somebody gave as a proof: what people wrote to each other is in no file of proofs.
_MAIL = frozenset({".eml", ".emlx", ".msg", ".mbox", ".mbx", ".pst", ".ost", ".olm", ".dbx"})


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that is not there, and the command that makes it."""

    part: str
    command: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """A file that is not packed.  ``why``: ``secret``, ``mail``, ``changed`` (since it was given), ``gone``."""

    path: str
    why: str


@dataclass
class Contents:
    """The whole, before it is written."""

    entries: list[Entry] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)


def contents_of(gathered: Gathered, site: Site) -> Contents:
    """Everything, in the language of the site.  Raises OSError."""
    with in_language(site.language):
        return _Collecting(gathered, site).all()


class _Collecting:
    def __init__(self, gathered: Gathered, site: Site) -> None:
        self._gathered = gathered
        self._site = site
        self._folder = gathered.organisation.folder
        self._domain = gathered.world.domain_of(site)
        self._secrets = Secrets.of(gathered.organisation)
        #: Worded now: long tables are written when another language is spoken.
        self._meanings = {one: gathered.words.reason(one) for one in Reason}
        self._found = Contents()

    def all(self) -> Contents:
        site, domain = self._site.name, self._domain
        self._table("accounting.csv", _ACCOUNTING, self._accounting())
        # Too long to hold: written from the ledger, a page at a time.
        self._found.entries.append(Entry("not-copied.csv", table(_NOT_COPIED, self._not_copied())))
        self._part("verification", verifications_of(self._folder, site), f"bascule verify {site}")
        if domain is not None:
            looks = snapshots.folder_of(self._folder, domain)
            self._part(f"dns/{domain}", looks, f"bascule dns check {domain}")
        self._probe_matrix()
        self._part("probes", Evidence.of(self._folder, site).folder, f"bascule delivery probe {site}")
        self._events()
        for name in (site, *([domain] if domain else [])):
            self._part(f"documents/{name}", self._folder / "documents" / name, f"bascule runbook build {name}")
        self._text("versions.json", _json(versions()))
        self._about()
        self._text("README.md", self._read_me())
        return self._found

    def _accounting(self) -> Iterator[Sequence[str | int | None]]:
        with self._gathered.ledger.read() as connection:
            rows = mailboxes.of_site(connection, self._site.name)
            tallies = counts.tally(connection, [row.id for row in rows], _FORTH)
        known = {row.name: row for row in rows}
        for mailbox in sorted({*known, *(one.mailbox for one in self._site.people)}):
            row = known.get(mailbox)
            tally = None if row is None else tallies[row.id]
            figures = [0] * len(Outcome) if tally is None else [tally.outcomes[one] for one in Outcome]
            passed = None if row is None else utc_text(row.last_pass)
            yield [
                mailbox,
                0 if tally is None else tally.seen,
                *figures,
                passed,
                None if row is None else row.state.value,
            ]

    def _not_copied(self) -> Iterator[Sequence[str | int | None]]:
        with self._gathered.ledger.read() as connection:
            rows = mailboxes.of_site(connection, self._site.name)
        for row in rows:
            for outcome in (*not_copied.OUTCOMES, Outcome.PENDING):
                yield from self._of_outcome(row.id, row.name, outcome)

    def _of_outcome(self, mailbox_id: int, name: str, outcome: Outcome) -> Iterator[Sequence[str | int | None]]:
        after = 0
        while True:
            with self._gathered.ledger.read() as connection:
                found = not_copied.page(connection, mailbox_id, _FORTH, outcome, after, _PAGE)
            for one in found:
                yield [
                    name, one.called, path_text(one.folder), one.key, utc_text(one.received), one.size,
                    one.outcome.value, one.reason and one.reason.value,
                    self._meanings[one.reason] if one.reason else "", "yes" if one.gone else "no",
                ]  # fmt: skip
            if len(found) < _PAGE:
                return
            after = found[-1].id

    def _probe_matrix(self) -> None:
        probes = delivery_facts(self._gathered.world, self._site, self._gathered.words.proof).probes
        if isinstance(probes, Seen):
            rows = [
                [
                    one.sender,
                    one.whom,
                    one.address,
                    one.proof,
                    one.text,
                    None if one.latency is None else str(one.latency),
                ]
                for one in probes.value.cells
            ]
            self._table("probe-matrix.csv", ("from", "to", "address", "proof", "meaning", "seconds"), rows)

    def _events(self) -> None:
        mine = {("site", self._site.name), ("domain", self._domain)}
        events = [one for one in self._gathered.events if (one.kind, one.subject) in mine and one.event != MADE]
        self._table("events.csv", _EVENTS, (self._event(one) for one in events))
        for one in events:
            if one.evidence is not None and one.evidence_digest is not None:
                self._proof(one.evidence, one.evidence_digest)

    def _event(self, one: Event) -> Sequence[str | int | None]:
        note = None if one.note is None else self._secrets.taken_out(one.note)
        detail = self._secrets.taken_out(json.dumps(one.detail, ensure_ascii=False, sort_keys=True))
        digest = None if one.evidence_digest is None else one.evidence_digest.hex()
        return [
            utc_text(one.at), one.kind, one.subject, one.event, one.from_phase, one.to_phase, one.who, note,
            one.evidence, digest, detail,
        ]  # fmt: skip

    def _proof(self, name: str, digest: bytes) -> None:
        """A file that an event names; signed documents lie with the documents."""
        path = self._folder / name
        if not name.startswith("evidence/"):
            return
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            self._found.withheld.append(Withheld(name, "gone"))
            return
        if hashlib.sha256(data).digest() != digest:
            self._found.withheld.append(Withheld(name, "changed"))
        elif all(one.name != name.removeprefix("evidence/") for one in self._found.entries):
            self._file(path, name.removeprefix("evidence/"))

    def _part(self, part: str, folder: Path, command: str) -> None:
        """A folder of files that commands kept."""
        files = [one for one in sorted(folder.rglob("*")) if not _is_own(one, folder) and _is_plain(one, folder)]
        if not files:
            self._found.missing.append(Missing(part, command))
        # A document's other forms hold what its text does.
        told = {one.with_suffix("") for one in files if one.suffix == ".md" and self._tells(one)}
        for one in files:
            self._file(one, f"{part}/{one.relative_to(folder).as_posix()}", secret=one.with_suffix("") in told)

    def _file(self, path: Path, name: str, *, secret: bool = False) -> None:
        if path.suffix.lower() in _MAIL:
            self._found.withheld.append(Withheld(name, "mail"))
        elif secret or self._tells(path):
            self._found.withheld.append(Withheld(name, "secret"))
        else:
            self._found.entries.append(Entry(name, pieces_of(path)))

    def _tells(self, path: Path) -> bool:
        return self._secrets.stand_in(path.read_bytes())

    def _table(self, name: str, headings: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> None:
        self._found.entries.append(Entry(name, [b"".join(table(headings, rows))]))

    def _text(self, name: str, text: str) -> None:
        self._found.entries.append(Entry(name, [text.encode()]))

    def _about(self) -> None:
        found = self._found
        found.about |= {
            "organisation": self._gathered.organisation.name,
            "site": self._site.name,
            "domain": self._domain,
            "plan": self._gathered.plan_hash(Subject("site", self._site.name)),
            "as_of": utc_text(self._newest()),
            "version": version("bascule"),
            "missing": [{"part": one.part, "command": one.command} for one in found.missing],
            "withheld": [
                {"path": one.path, "why": one.why} for one in sorted(found.withheld, key=lambda one: one.path)
            ],
        }

    def _newest(self) -> float | None:
        """The last pass or decision: not the moment of packing, so that the same state makes the same file."""
        with self._gathered.ledger.read() as connection:
            passes = [row.last_pass for row in mailboxes.of_site(connection, self._site.name) if row.last_pass]
        mine = {("site", self._site.name), ("domain", self._domain)}
        told = [one.at for one in self._gathered.events if (one.kind, one.subject) in mine and one.event != MADE]
        return max([*passes, *told], default=None)

    def _read_me(self) -> str:
        about, parts = self._found.about, _parts()
        title = _("Evidence of {site}, {organisation}").format(site=self._site.name, organisation=about["organisation"])
        asof = _("As of {when}, by the plan {plan}, Bascule {version}. Times are UTC.").format(
            when=about["as_of"] or "?", plan=about["plan"], version=about["version"]
        )
        check = _("To check that nothing was changed: bascule evidence verify FILE")
        lines = [f"# {title}", "", asof, "", check, ""]
        there = {one.name.split("/")[0] for one in self._found.entries} | {"manifest.json"}
        lines += [f"- `{name}`: {text}" for name, text in parts.items() if name in there]
        if self._found.missing:
            lines += ["", "## " + _("Not there"), ""]
            lines += [f"- `{one.part}`: `{one.command}`" for one in self._found.missing]
        if self._found.withheld:
            lines += ["", "## " + _("Held back"), ""]
            lines += [f"- `{one.path}`: {_why(one.why)}" for one in self._found.withheld]
        return self._secrets.taken_out("\n".join(lines) + "\n")


_ACCOUNTING = ("mailbox", "seen", *(one.value for one in Outcome), "last_pass", "state")
_NOT_COPIED = (
    "mailbox", "source", "folder", "key", "received", "size", "outcome", "reason", "meaning", "gone_from_source",
)  # fmt: skip
_EVENTS = ("at", "kind", "subject", "event", "from", "to", "who", "note", "evidence", "sha256", "detail")


def _parts() -> Mapping[str, str]:
    return {
        "accounting.csv": _("every mailbox: seen = stored + merged + already there + left out + refused + … + pending"),
        "not-copied.csv": _("every message that is not on the target as it was, with its reason; no subjects"),
        "verification": _("what comparing both servers found: pages to read, and the figures"),
        "dns": _("the domain's records as they were seen, each look with its time"),
        "probe-matrix.csv": _("the last test messages: each route and what was proved"),
        "probes": _("all runs of test messages"),
        "events.csv": _("phases, confirmations, incidents: who decided what, and when"),
        "rollout": _("what each decision was based on, and proofs that people gave"),
        "documents": _("the documents as they were built and signed"),
        "versions.json": _("the programs that made this"),
        "manifest.json": _("the size and SHA-256 of every file here"),
    }


def _why(code: str) -> str:
    return {
        "secret": _("a password or a private key stands in it"),
        "mail": _("a mail: what people wrote is in no file of proofs"),
        "changed": _("it is no longer as it was when it was given"),
        "gone": _("it is no longer there"),
    }[code]


def _is_own(path: Path, folder: Path) -> bool:
    """What documents keep for themselves, and messages to people: their record says who was sent what."""
    parts = path.relative_to(folder).parts
    return any(one.startswith(".") for one in parts) or (parts[0] == "messages" and path.suffix == ".eml")


def _is_plain(path: Path, folder: Path) -> bool:
    """A file that lies there itself, and is whole."""
    links = any(one.is_symlink() for one in (path, *path.parents) if one.is_relative_to(folder))
    return path.is_file() and not links and path.suffix not in (".part", ".new")


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
