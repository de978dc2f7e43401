"""The facts of a verification's page, as runbooks/report.py takes them."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.language import _, plural, spoken
from migrate.cli.verify_results import Row, Verification
from migrate.verify import words
from migrate.verify.figures import Verified
from migrate.verify.findings import Finding, Kind
from migrate.verify.grade import Weight, weigh
from migrate.verify.matching import Equality
from runbooks.report import Cell, MailboxFacts, ReportFacts, Table

#: Findings of a mailbox that are listed on the page; JSON has all of them.
_LISTED = 500
#: Keeps a date and its time in one line.
_NO_BREAK = "\u00a0"


def report_of(verification: Verification) -> ReportFacts:
    """Everything on the page, worded."""
    grade = verification.grade
    return ReportFacts(
        language=spoken(),
        title=_("Verification of {site}").format(site=verification.site),
        organisation=verification.organisation,
        when=verification.at.astimezone(verification.zone).strftime("%Y-%m-%d %H:%M"),
        zone=str(verification.zone),
        grade=grade.value if grade else None,
        grade_word=words.grade_word(grade) if grade else _("not verified"),
        meaning=words.grade_meaning(grade) if grade else _("No mailbox was verified."),
        method=words.method_sentence(verification.sample),
        interrupted=verification.interrupted,
        steps=verification.steps,
        figures=_summary(verification),
        mailboxes=[_mailbox(row, verification) for row in verification.rows],
    )


def _summary(verification: Verification) -> Table:
    rows: list[list[Cell]] = []
    for row in verification.rows:
        if row.result is None or row.grade is None:
            rows.append([row.mailbox, _("not verified"), *[""] * 7])
            continue
        result = row.result
        different = sum(finding.kind not in (Kind.MISSING, Kind.ALTERED) for finding in result.findings)
        counts = (
            result.on_source, result.left_out, result.expected, result.found.total(), result.count(Kind.MISSING),
            result.count(Kind.ALTERED), different,
        )  # fmt: skip
        rows.append([row.mailbox, words.grade_word(row.grade), *counts])
    headings = [
        _("mailbox"), _("grade"), _("on the source"), _("left out by a rule"), _("expected"), _("found"),
        words.kind_word(Kind.MISSING), words.kind_word(Kind.ALTERED), _("other differences"),
    ]  # fmt: skip
    return Table(_("Messages by mailbox"), headings, rows)


def _mailbox(row: Row, verification: Verification) -> MailboxFacts:
    if row.result is None or row.judged is None:
        return MailboxFacts(row.mailbox, None, _("not verified"), [str(row.error)], [])
    grade, why = row.judged
    result = row.result
    # What has no explanation first: it is what somebody has to look at.
    findings = sorted(result.findings, key=lambda one: -weigh(one))
    tables = [_figures(result), _folders(result)]
    if findings:
        tables.append(_findings(findings, verification))
    return MailboxFacts(
        row.mailbox,
        grade.value,
        words.grade_word(grade),
        [words.why_sentence(one) for one in why],
        tables,
        _not_listed(findings),
    )


def _figures(result: Verified) -> Table:
    listed = result.found[Equality.LISTED]
    rows: list[list[Cell]] = [
        [_("the same to the last byte"), result.found[Equality.IDENTICAL]],
        [_("the same but for line ends"), result.found[Equality.LINE_ENDS]],
    ]
    if result.found[Equality.FIELDS]:
        rows.append([_("the same but for added header fields"), result.found[Equality.FIELDS]])
    if result.found[Equality.REBUILT]:
        rows.append(
            [_("as another source brought them: the same headers and attachments"), result.found[Equality.REBUILT]]
        )
    if result.found[Equality.REPAIRED]:
        rows.append([_("as it was repaired before it was sent"), result.found[Equality.REPAIRED]])
    if listed:
        rows.append([_("the same by date, size and flags, not read"), listed])
    rows += [
        [_("only on the target"), result.only_on_target],
        [_("of these, copies of messages that left the source since"), result.left_source],
        [_("messages read, both servers together"), result.read],
        [_("bytes read, both servers together"), result.read_bytes],
    ]
    return Table(_("Figures"), [_("what"), _("number")], rows)


def _folders(result: Verified) -> Table:
    rows: list[list[Cell]] = [
        [
            ", ".join(map(words.folder_words, folder.sources)), words.folder_words(folder.target), folder.on_source,
            folder.left_out, folder.found, folder.on_target,
        ]
        for folder in result.folders
    ]  # fmt: skip
    headings = [
        _("folder"), _("on the target"), _("on the source"), _("left out by a rule"), _("found"),
        _("messages on the target"),
    ]  # fmt: skip
    return Table(_("Folders"), headings, rows)


def _findings(findings: Iterable[Finding], verification: Verification) -> Table:
    rows: list[list[Cell]] = []
    for finding in list(findings)[:_LISTED]:
        shown = finding.shown
        rows.append(
            [
                words.kind_word(finding.kind), words.folder_words(finding.folder), shown.key if shown else "",
                words.date_words(shown.second if shown else None, verification.zone).replace(" ", _NO_BREAK),
                shown.size if shown and shown.size is not None else "",
                words.difference_words(finding, verification.zone), words.cause_words(finding),
            ]
        )  # fmt: skip
    headings = [
        _("what"), _("folder"), _("key"), _("received"), _("bytes"), _("difference"), _("explanation"),
    ]  # fmt: skip
    return Table(_("Differences"), headings, rows)


def _not_listed(findings: list[Finding]) -> str:
    more = len(findings) - _LISTED
    unsettled = sum(weigh(finding) is not Weight.EXPLAINED for finding in findings[_LISTED:])
    if more <= 0:
        return ""
    return plural("{n} more difference is not listed", "{n} more differences are not listed", more) + _(
        " ({unsettled} of them without an explanation): bascule verify --json names all."
    ).format(unsettled=unsettled)
