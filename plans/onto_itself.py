"""Mailboxes that would be copied onto themselves: two systems of a plan can be one and the same server.

Such a copy would write into its source, and bring each new message once more with every pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel

from connectors.language import _
from plans.model import System
from plans.people import Placed
from plans.problems import Problem
from plans.site_file import SiteFile
from plans.yaml_file import Document

#: POP3 and IMAP as everybody runs them, with TLS from the beginning or later: on one host, one mailbox.
_USUAL_PORTS = frozenset({110, 143, 993, 995})


def onto_itself(
    shape: SiteFile, document: Document, people: Iterable[Placed], systems: Mapping[str, System]
) -> Iterator[Problem]:
    """``systems``: those that are right.  Two names in a plan; what has one name is told elsewhere."""
    target = systems.get(shape.target)
    if target is None:
        return
    same = {name for name, one in systems.items() if name != shape.target and _is_same(one.settings, target.settings)}
    hint = _("A mailbox cannot be copied onto itself.")
    text = _('"{source}" and "{target}" are the same server, and {user} signs in on both.')
    own = [
        one.person.source_user for one in people if _folded(one.person.source_user) == _folded(one.person.target_user)
    ]
    if shape.source in same and own:
        message = text.format(source=shape.source, target=shape.target, user=own[0])
        yield document.problem(("target",), message, hint)
    for placed in people:
        for further in placed.person.further_sources:
            if further.system in same and _folded(further.user) == _folded(placed.person.target_user):
                message = text.format(source=further.system, target=shape.target, user=further.user)
                yield Problem(placed.file, placed.line, placed.column, message, hint)


def _is_same(one: BaseModel, other: BaseModel) -> bool:
    hosts = {_folded(f"{getattr(settings, 'host', '')}") for settings in (one, other)}
    if "" in hosts:
        return type(one) is type(other) and getattr(one, "server", one) == getattr(other, "server", other)
    ports = {getattr(settings, "effective_port", None) for settings in (one, other)}
    return len(hosts) == 1 and (len(ports) == 1 or ports <= _USUAL_PORTS)


def _folded(text: str) -> str:
    return text.casefold().rstrip(".")
