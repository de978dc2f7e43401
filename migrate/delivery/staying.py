"""Whose mail has to stay on the old side: who has not moved, and gets no copies on the new one."""

from __future__ import annotations

from sqlalchemy import Connection

from migrate.ledger import mailboxes as rows
from migrate.ledger import observations
from plans.model import Organisation, Person, Site


def staying(connection: Connection, organisation: Organisation, site: Site, domain: str) -> list[Person]:
    """People of other sites that share the domain, as probes need them.

    Everybody who has an account on the new side already: once a system has an account for an address, mail from its
    own people stays there, whatever the MX says, unless a route leads back.  Where nobody has one, the first of them.
    """
    moved = {
        row.name
        for row in rows.every(connection)
        if row.went_live is not None or (row.dual_delivery_since is not None and row.dual_delivery_until is None)
    }
    others = [one for one in organisation.sites.values() if one.name != site.name]
    with_account = {
        mailbox
        for one in others
        for mailbox, seen in observations.of(connection, "site", one.name, "accounts").items()
        if seen.good
    }
    found = [
        person
        for one in others
        for person in one.people
        if person.mailbox.rpartition("@")[2] == domain and person.mailbox not in moved
    ]
    return [one for one in found if one.mailbox in with_account] or found[:1]
