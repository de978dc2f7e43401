"""An additional domain of a Google Workspace.

https://developers.google.com/workspace/admin/directory/v1/guides/manage-domains and
https://developers.google.com/site-verification/v1/getting_started
"""

from __future__ import annotations

from googleapiclient.errors import HttpError

from connectors.google_workspace.access import denied_by
from connectors.google_workspace.verdicts import BROKEN, broken
from connectors.language import _
from migrate.directory.contract import NotTaken
from migrate.directory.domains import Proof, Record
from migrate.directory.google.calls import CUSTOMER, DOMAINS, VERIFICATION, Calls, Conflict
from migrate.dns.providers import GOOGLE_NOW, SPF_INCLUDES

_METHOD = "DNS_TXT"


class GoogleDomains:
    """A :class:`migrate.directory.domains.Domains`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def verified(self, domain: str) -> bool | None:
        api = self._calls.api(DOMAINS)
        found = self._calls.ask_for(api.domains().get(customer=CUSTOMER, domainName=domain), DOMAINS)
        if found is None:
            alias = api.domainAliases().get(customer=CUSTOMER, domainAliasName=domain)
            found = self._calls.ask_for(alias, DOMAINS)
        return None if found is None else bool(found.get("verified"))

    def add(self, domain: str, alias_of: str | None) -> bool:
        if self.verified(domain) is not None:
            return False
        api = self._calls.api(DOMAINS)
        if alias_of is None:
            request = api.domains().insert(customer=CUSTOMER, body={"domainName": domain})
        else:
            body = {"domainAliasName": domain, "parentDomainName": alias_of}
            request = api.domainAliases().insert(customer=CUSTOMER, body=body)
        try:
            self._calls.change(request, DOMAINS)
        except Conflict as error:
            if self.verified(domain) is not None:
                return False
            told = _(
                "Another Google customer has the domain {domain}. Who has it must give it up first:"
                " https://support.google.com/a/answer/80610"
            )
            system = self._calls.access.system
            raise NotTaken(told.format(domain=domain), system=system, detail=str(error)) from None
        return True

    def proof(self, domain: str) -> Proof:
        body = {"verificationMethod": _METHOD, "site": _site(domain)}
        request = self._calls.api(VERIFICATION).webResource().getToken(body=body)
        return Proof(domain, str(self._calls.ask(request, VERIFICATION)["token"]))

    def verify(self, domain: str) -> bool:
        resources = self._calls.api(VERIFICATION).webResource()
        try:
            resources.insert(verificationMethod=_METHOD, body={"site": _site(domain)}).execute()
        except HttpError as error:
            answer = denied_by(error)
            if answer.status == 400:
                return False
            raise self._calls.access.verdict(answer, scope=VERIFICATION) from None
        except BROKEN as error:
            raise broken(self._calls.access.system, error) from None
        return bool(self.verified(domain))

    def ready_for_mail(self, domain: str) -> bool:
        return False

    def records(self, domain: str) -> list[Record]:
        return [
            *(Record(domain, "MX", f"1 {host}.", _("at the cutover")) for host in sorted(GOOGLE_NOW)),
            Record(domain, "TXT", f'"v=spf1 include:{SPF_INCLUDES["google"]} ~all"', _("who may send for it")),
            Record(
                f"google._domainkey.{domain}", "TXT", _("made in the admin console"),
                _("signatures: Apps, Google Workspace, Gmail, Authenticate email"),
            ),
        ]  # fmt: skip


def _site(domain: str) -> dict[str, str]:
    return {"type": "INET_DOMAIN", "identifier": domain}
