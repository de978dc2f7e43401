"""From a plan to a recipe.  Pure but for :func:`write`, which leaves it in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from connectors.language import _, labelled, mark
from migrate.delivery.quoting import parts, quoted, written
from migrate.delivery.recipe import CannotDeliver, Mode, Moment, Recipe, RecipeStep, Recipient, Routes
from migrate.delivery.servers import common, exim, hosted, postfix, sendmail, sieve, windows, zimbra
from plans.csv_writing import replace, write_new
from plans.model import Domain, Organisation, Person, Site

SERVERS: dict[str, Callable[[Routes, Mode], Recipe]] = {
    "postfix": postfix.by_alias,
    "postfix-bcc": postfix.by_bcc,
    "exim": exim.exim,
    "sendmail": sendmail.sendmail,
    "cpanel": hosted.cpanel,
    "plesk": hosted.plesk,
    "exchange": windows.exchange,
    "zimbra": zimbra.zimbra,
    "sieve": sieve.for_everybody,
    "hmailserver": windows.hmailserver,
    "ovh": hosted.ovh,
    "gandi": hosted.gandi,
    "google": hosted.google,
    "microsoft365": windows.microsoft365,
}
#: The steps for people, in this order.
STEPS = "STEPS.txt"
_MOMENTS: dict[Moment, str] = {
    "on": mark("Switch on"),
    "check": mark("Check"),
    "off": mark("Switch off"),
}


def domain_of(organisation: Organisation, site: Site) -> Domain:
    """The site's mail domain.  Raises :class:`CannotDeliver`."""
    if site.domain is None:
        found = {person.address.rpartition("@")[2].lower() for person in site.people}
        known = [organisation.domains[name] for name in sorted(found) if name in organisation.domains]
        if len(known) == 1 == len(found):
            return known[0]
        raise CannotDeliver(
            _('The site "{site}" names no mail domain. Write domain: into its plan.').format(site=site.name)
        )
    return organisation.domains.get(site.domain) or Domain(site.domain, None, "old")


def technical_domain(organisation: Organisation, site: Site) -> str:
    """The domain of the new side that cannot loop.  Raises :class:`CannotDeliver` when nobody has said it."""
    domain = domain_of(organisation, site)
    if domain.technical == domain.name:
        raise CannotDeliver(
            _("technical_domain of {domain} is the domain itself: copies that are sent there would come back.").format(
                domain=domain.name
            )
        )
    if domain.technical is not None:
        return domain.technical
    target = organisation.systems[site.target]
    if target.connector == "google_workspace":
        return f"{domain.name}.test-google-a.com"
    tenant = getattr(target.settings, "tenant", None)
    if isinstance(tenant, str) and tenant.lower().endswith(".onmicrosoft.com"):
        return tenant.lower()
    raise CannotDeliver(
        _(
            "The plan does not say by which domain the new side is reached without a loop. Write technical_domain below"
            " {domain} in organisation.yaml: tenant.onmicrosoft.com, or a subdomain whose MX is the new side's."
        ).format(domain=domain.name)
    )


def routes_of(organisation: Organisation, site: Site, earlier: Sequence[Recipient] = ()) -> Routes:
    """What the plan says of a site's mail.  ``earlier``: the people of the last recipe.

    Raises :class:`CannotDeliver`.
    """
    domain = domain_of(organisation, site)
    technical = technical_domain(organisation, site)
    recipients = sorted(_recipients(site.people, domain.name, technical), key=lambda one: one.address.lower())
    if not recipients:
        text = _('Nobody of the site "{site}" has an address of {domain}.')
        raise CannotDeliver(text.format(site=site.name, domain=domain.name))
    there = {one.address.lower() for one in recipients}
    gone = {one.address.lower(): one for one in earlier if one.address.lower() not in there}
    source = getattr(organisation.systems[site.source].settings, "host", None)
    return Routes(
        site.name,
        domain.name,
        technical,
        recipients,
        [gone[address] for address in sorted(gone)],
        domain.new_host,
        domain.old_host or source,
    )


def _recipients(people: Sequence[Person] | Iterator[Person], domain: str, technical: str) -> Iterator[Recipient]:
    """People with an address of the domain.  An address of another one is no route of this recipe."""
    for person in people:
        own = [one for one in (person.address, *person.aliases) if one.rpartition("@")[2].lower() == domain]
        if own:
            # What the account is called, where that is an address of the domain: others lead nowhere on the new side.
            user = person.target_user if parts(person.target_user)[1].lower() in (domain, technical) else person.address
            local = parts(user)[0]
            copy_to = written(f"{quoted(local)}@{technical}")
            yield Recipient(own[0], copy_to, tuple(sorted(own[1:], key=str.lower)), person.name)


def make(server: str, routes: Routes, mode: Mode) -> Recipe:
    """The recipe in the language that is spoken.  Raises :class:`CannotDeliver`."""
    return SERVERS[server](routes, mode)


def earlier_people(folder: Path) -> list[Recipient]:
    """The people of the recipe that lies in a folder; none when there is none.

    Raises :class:`CannotDeliver` where somebody has spoilt the list: nobody else knows whom to switch off.
    """
    path = folder / common.PEOPLE
    try:
        return common.read_people(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (KeyError, AttributeError, UnicodeDecodeError):
        text = _(
            "{file} is not as it was written: it says for whom copies were switched on before. Put back a copy of it;"
            " or take it away, and switch off by hand whoever has left the site."
        )
        raise CannotDeliver(text.format(file=path)) from None


def write(recipe: Recipe, folder: Path) -> None:
    """Leave the files of a recipe in a folder, with the steps beside them.  What is right already is not written."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {one.name: (one.text, one.executable) for one in recipe.files}
    texts[STEPS] = "".join(f"{line}\n" for line in lines(recipe)), False
    for name, (text, executable) in texts.items():
        path = folder / name
        data = text.encode()
        if not path.exists():
            write_new(path, data)
        elif path.read_bytes() != data:
            replace(path, data)
        path.chmod(0o755 if executable else 0o644)


def lines(recipe: Recipe) -> Iterator[str]:
    """The steps and pitfalls, as people read them."""
    kind = _("dual delivery") if recipe.mode == "dual" else _("split delivery")
    yield _("{server}, {kind} of {site}: {domain} to {technical}").format(
        server=recipe.title, kind=kind, site=recipe.site, domain=recipe.domain, technical=recipe.technical
    )
    for moment, title in _MOMENTS.items():
        yield ""
        yield _(title).upper()
        for number, step in enumerate((one for one in recipe.steps if one.moment == moment), start=1):
            yield from _step_lines(number, step)
    yield ""
    yield _("Mind").upper()
    yield from (f"  - {pitfall}" for pitfall in recipe.pitfalls)


def _step_lines(number: int, step: RecipeStep) -> Iterator[str]:
    yield f"  {number}. {labelled(step.owner, step.what)}"
    yield from (f"       {line}" for line in step.command.splitlines())
    if step.see:
        yield "     " + labelled(_("You must see"), step.see)
    if step.otherwise:
        yield "     " + labelled(_("If not"), step.otherwise)
