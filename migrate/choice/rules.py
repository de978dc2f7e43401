"""What speaks for or against each system, given the answers: rules as data, each with its reason and its source.

A rule asks about the answers that it names and about nothing else; an open answer makes no rule speak.  Where the
ground is a law or a vendor's page, the source names it; where it is experience, it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.language import _, mark
from plans.choice import OPTIONS, Choice, OptionCode
from runbooks.choice_facts import Ground, Stance

_GOOGLE, _MICROSOFT, _OPEN = OPTIONS
_EXPERIENCE = mark("our judgement: weigh it yourself")


@dataclass(frozen=True, slots=True)
class Rule:
    """``when``: by answer, the words that make it speak; all must hold."""

    when: Mapping[str, frozenset[str]]
    stances: Mapping[OptionCode, Stance]
    why: str
    source: str = _EXPERIENCE

    def speaks(self, choice: Choice) -> bool:
        return all(getattr(choice, name) in words for name, words in self.when.items())


def _if(**answers: str) -> Mapping[str, frozenset[str]]:
    return {name: frozenset(words.split()) for name, words in answers.items()}


_US_LAW = "18 U.S.C. 2713 (CLOUD Act) · choice.yaml: location"

RULES: Mapping[str, Rule] = {
    "nobody-to-run-it": Rule(
        _if(skills="none", help="no"),
        {_OPEN: "rules_out"},
        mark("A mail server needs somebody who knows it, and there is nobody, in the house or under contract."),
    ),
    "no-time-to-run-it": Rule(
        _if(time="none", help="no"),
        {_OPEN: "rules_out"},
        mark("A mail server needs updates and a watch every week, and nobody has time for it."),
    ),
    "partner-runs-it": Rule(
        _if(skills="none some", help="yes"),
        {_OPEN: "against"},
        mark("The server would depend on the partner’s contract: have its price, its hours and its end in writing."),
    ),
    "time-is-short": Rule(
        _if(time="none some"),
        {_GOOGLE: "for", _MICROSOFT: "for"},
        mark("A provider does the updates, the filters and the night watch; little time is left for them here."),
    ),
    "able-to-run-it": Rule(
        _if(skills="strong", time="enough"),
        {_OPEN: "for"},
        mark("The house knows how to run a mail server and has time for it: what it costs is mostly its own work."),
    ),
    "survival": Rule(
        _if(strategy="survival"),
        {_OPEN: "for"},
        mark("No price a mailbox: what it costs does not rise with each mailbox, if work is at hand."),
    ),
    "growth": Rule(
        _if(strategy="growth"),
        {_GOOGLE: "for", _MICROSOFT: "for"},
        mark("New people, sites and ways of working are there within the hour, without buying a machine."),
    ),
    "public-buyer": Rule(
        _if(owner="public"),
        {_GOOGLE: "against", _MICROSOFT: "against"},
        mark("Bought as a service of one seller: a public buyer sees first whether its rules on purchases allow that."),
        "Directive 2014/24/EU · choice.yaml: owner",
    ),
    "monthly-money": Rule(
        _if(spending="monthly"),
        {_GOOGLE: "for", _MICROSOFT: "for"},
        mark("Licences are paid by the month or the year, with nothing to invest first."),
    ),
    "invested-money": Rule(
        _if(spending="at_once"),
        {_OPEN: "for"},
        mark("A server can be paid once; licences cannot, they come back every year."),
    ),
    "outlook-habit": Rule(
        _if(habits="outlook"),
        {_MICROSOFT: "for", _GOOGLE: "against", _OPEN: "against"},
        mark("Outlook has all its functions with Exchange; elsewhere calendars and shared folders need an add-on."),
    ),
    "browser-habit": Rule(
        _if(habits="browser"),
        {_GOOGLE: "for"},
        mark("Gmail is made for the browser and for phones; people who work there change least."),
    ),
    "other-programs": Rule(
        _if(habits="other_programs"),
        {_OPEN: "for", _MICROSOFT: "against", _GOOGLE: "against"},
        mark("Programs that sign in with a password go on as they are; both providers ask for OAuth in each of them."),
        "docs/google.md; docs/microsoft365.md · choice.yaml: habits",
    ),
    "microsoft-documents": Rule(
        _if(documents="microsoft"),
        {_MICROSOFT: "for"},
        mark("Mail, calendar, documents and meetings are one licence, and one account."),
    ),
    "google-documents": Rule(
        _if(documents="google"),
        {_GOOGLE: "for"},
        mark("Mail, calendar, documents and meetings are one licence, and one account."),
    ),
    "open-documents": Rule(
        _if(documents="open_formats"),
        {_OPEN: "for"},
        mark("Nothing but mail is needed: the office suites that both providers sell along would lie idle."),
    ),
    "health-data": Rule(
        _if(regulation="health"),
        {_GOOGLE: "against", _MICROSOFT: "against", _OPEN: "against"},
        mark("In France who hosts health data must be certified: have the certificate that covers the mail shown."),
        "Code de la santé publique, L. 1111-8 · choice.yaml: regulation",
    ),
    "sensitive-data": Rule(
        _if(regulation="sensitive"),
        {_GOOGLE: "against", _MICROSOFT: "against"},
        mark("French state bodies keep such data out of reach of other states’ law: ask who decides before you sign."),
        "Loi n° 2024-449 (SREN), article 31 · choice.yaml: regulation",
    ),
    "own-premises": Rule(
        _if(location="own_premises"),
        {_GOOGLE: "rules_out", _MICROSOFT: "rules_out"},
        mark("Mail may lie in your own house alone, and theirs lies in their data centres."),
        "choice.yaml: location",
    ),
    "in-europe": Rule(
        _if(location="europe"),
        {_GOOGLE: "against", _MICROSOFT: "against"},
        mark("A provider under the law of the United States can be ordered to hand over data wherever they lie."),
        _US_LAW,
    ),
    "independence": Rule(
        _if(independence="matters"),
        {_OPEN: "for", _GOOGLE: "against", _MICROSOFT: "against"},
        mark(
            "Open formats and open protocols can be taken elsewhere without asking; prices are not set by one seller."
        ),
    ),
    "poor-lines": Rule(
        _if(internet="poor"),
        {_OPEN: "for", _GOOGLE: "against", _MICROSOFT: "against"},
        mark("A server at the site answers while the line is down; what comes from outside waits for the line."),
    ),
}


def grounds_for(option: OptionCode, choice: Choice) -> tuple[Ground, ...]:
    """What speaks for or against one system, in the language that is spoken."""
    found = []
    for code, rule in RULES.items():
        stance = rule.stances.get(option)
        if stance is not None and rule.speaks(choice):
            source = _(rule.source)
            if rule.source == _EXPERIENCE:
                source = f"{source} · choice.yaml: {', '.join(rule.when)}"
            found.append(Ground(code=code, stance=stance, why=_(rule.why), source=source))
    return tuple(found)
