"""The pages that commands of their own write, from fixed facts: the report, and the choice note."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import plans
from connectors.language import in_language
from migrate.choice.gathering import Known
from migrate.choice.note import note_of
from migrate.documents.gathering import ORGANISATION
from migrate.documents.making import Desk
from migrate.documents.reporting import report_facts
from migrate.ledger.pace import MailboxSize
from plans.choice import OPTIONS, Choice
from runbooks.building import build
from runbooks.catalogue import PAGES
from runbooks.choice import document_of
from runbooks.choice_facts import ChoiceFacts, Duration, Inventory, Sizes
from runbooks.facts import Seen, Unknown
from runbooks.output.document import Document
from runbooks.templating import Templates
from tests.unit.documents.meridional import EXAMPLE, NOW, gathered

Language = Literal["fr", "en"]
_GB = 10**9
_SAID: Mapping[str, object] = {
    "strategy": "growth", "owner": "private", "skills": "some", "time": "some", "help": "yes", "spending": "monthly",
    "budget": 6000, "habits": "outlook", "documents": "microsoft", "regulation": "usual", "location": "europe",
    "independence": "indifferent", "internet": "reliable", "growth": 2.5, "years": 2,
    "prices": {
        "microsoft365": {"looked_up": "2026-11-20", "from": "offer 4711", "mailbox": 9.5, "storage": "50 GB",
                         "hours": 2, "hour": 60},
        "open_source": {"looked_up": "2026-11-19", "from": "quote of the hoster", "month": 120, "once": 2500},
    },
}  # fmt: skip


def pages(language: Language) -> Iterator[Document]:
    with TemporaryDirectory(prefix="bascule-") as state, gathered(EXAMPLE, Path(state)) as found:
        desk, kind = Desk(found, ORGANISATION, language), PAGES["report"]
        facts = report_facts(found, language)
        about = facts.about.model_copy(update={"code": kind.code, "title": kind.titles[language]})
        yield build(kind, facts.model_copy(update={"about": about}), desk.templates, {}, desk.pictures)
    with in_language(language):
        yield document_of(_choice(language), Templates(language))


def _choice(language: Language) -> ChoiceFacts:
    sizes = {f"p{number}": MailboxSize(10_000, number * 9 * _GB, 30_000_000, 0.0, 0.0) for number in range(8)}
    told = Sizes(
        mailboxes=8, missing=0, messages=80_000, bytes=252 * _GB, largest_mailbox=63 * _GB, largest_message=30_000_000
    )
    inventory = Inventory(
        mailboxes=_seen(8, "plan"), shared=_seen(1, "plan"), groups=_seen(2, "plan"), archives=_seen(0, "plan"),
        sizes=_seen(told, "bascule estimate"), keywords=_seen(412, "ledger"), folders=Unknown(how="bascule copy"),
    )  # fmt: skip
    durations: dict[Any, Any] = {
        code: _seen(Duration(typical=200_000.0 * place, slow=500_000.0 * place, measured_passes=0), "bascule estimate")
        for place, code in enumerate(OPTIONS, 1)
    }
    organisation = replace(plans.load(EXAMPLE), language=language)
    return note_of(organisation, Choice.model_validate(_SAID), Known(inventory, {"lyon": sizes}), durations, NOW)


def _seen(value: Any, source: str) -> Any:
    return Seen[type(value)](value=value, at=NOW, source=source)  # type: ignore[misc]
