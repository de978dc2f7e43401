"""Hosters whose customers have a web page and no server: cPanel, Plesk, OVH, Gandi; and the console of Google."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.language import _
from migrate.delivery.quoting import shell
from migrate.delivery.recipe import CannotDeliver, Mode, Recipe, RecipeFile, RecipeStep, Recipient, Routes
from migrate.delivery.servers.common import no_old_host, of_domain_account, probe_step, recipe, told_step, untold_step
from migrate.delivery.servers.sieve import redirect


def cpanel(routes: Routes, mode: Mode) -> Recipe:
    kept = (
        _("Redirect to the address under copy_to, and Deliver to folder INBOX: two actions, in this order.")
        if mode == "dual"
        else _("Redirect to the address under copy_to, and Stop processing rules: two actions, in this order.")
    )
    on = _("Email Filters, for each address of people.csv: a filter called Bascule, for all mail (From, contains, @)")
    pitfalls = [
        _(
            "After the change of MX set Email Routing to Remote Mail Exchanger: with Local, mail from people who are"
            " still here stays here, whatever the MX says."
        ),
        _("Shared hosting limits how much mail may leave in an hour; a copy of everything counts."),
    ]
    steps = _by_hand(routes, f"{on}. {kept}", _("Email Filters: remove the filter called Bascule of each address."))
    return recipe("cpanel", "cPanel", mode, routes, (), steps, pitfalls)


def plesk(routes: Routes, mode: Mode) -> Recipe:
    if mode == "split":
        raise CannotDeliver(
            _(
                "Plesk delivers to a mailbox as long as there is one, and switching it off deletes it. Use dual"
                " delivery: the old mailbox keeps its copy until it is no longer needed."
            )
        )
    on = "#!/bin/sh\n" + "".join(
        f"plesk bin mail -u {shell(one.address)} -mailbox true -forwarding true "
        f"-forwarding-addresses add:{shell(one.copy_to)}\n"
        for one in routes.recipients
    )
    ended = _plesk_off(routes.taken_away)
    off = "#!/bin/sh\n" + _plesk_off(routes.recipients) + ended
    files = [RecipeFile("switch-on.sh", on + ended, executable=True), RecipeFile("switch-off.sh", off, executable=True)]
    by_hand = _(
        "With a shell, run switch-on.sh as root. Without one: Mail, each address of people.csv, Forwarding: switch it"
        " on, write the address under copy_to, and leave the mailbox on."
    )
    pitfalls = [
        _("Never switch the mailbox off on the page beside it: Plesk deletes the mail in it."),
        _("A limit on outgoing messages (Tools & Settings, Mail Server Settings) counts the copies too."),
    ]
    back = _("Run switch-off.sh, or take the address out again under Forwarding.")
    return recipe("plesk", "Plesk", mode, routes, files, _by_hand(routes, by_hand, back), pitfalls)


def _plesk_off(people: Sequence[Recipient]) -> str:
    return "".join(
        f"plesk bin mail -u {shell(one.address)} -forwarding-addresses del:{shell(one.copy_to)}\n" for one in people
    )


def ovh(routes: Routes, mode: Mode) -> Recipe:
    choice = (
        _("Keep a copy of the e-mail at OVHcloud (local copy)")
        if mode == "dual"
        else _("Do not keep a copy of the e-mail")
    )
    on = _(
        "Web Cloud, Emails, {domain}, Redirections: for each address of people.csv add one to the address under"
        " copy_to, and choose: {choice}."
    ).format(domain=routes.domain, choice=choice)
    pitfalls = [
        _("This is for MX Plan. With Email Pro or Exchange at OVHcloud, the forwarding is a rule in each webmail."),
        _("A redirection takes some minutes to work: probe after a quarter of an hour."),
    ]
    back = _("Redirections: remove those that lead to {technical}.").format(technical=routes.technical)
    return recipe("ovh", "OVHcloud", mode, routes, (), _by_hand(routes, on, back), pitfalls)


def gandi(routes: Routes, mode: Mode) -> Recipe:
    files: list[RecipeFile] = []
    if mode == "split":
        on = _(
            "Mailboxes & Forwarding: forward each address of people.csv to the address under copy_to. A forwarding of"
            " Gandi keeps no copy here."
        )
    else:
        files = [
            RecipeFile(f"filter-{one.address}.sieve", f'require ["copy"];\n{redirect(one, mode)}\n')
            for one in routes.recipients
            if "/" not in one.address
        ]
        on = _(
            "In the webmail of each person of people.csv: Settings, Filters, a filter for all messages with the action"
            " “send a copy to” the address under copy_to. The files are the same as Sieve, for who can load them."
        )
    pitfalls = [_("A forwarding of Gandi keeps no copy: for dual delivery it must be a filter of the mailbox.")]
    back = _("Remove these forwardings or filters again.")
    return recipe("gandi", "Gandi", mode, routes, files, _by_hand(routes, on, back), pitfalls)


def google(routes: Routes, mode: Mode) -> Recipe:
    """The new side comes first: Google takes all mail, and hands on what is not for it."""
    if routes.old_host is None:
        raise no_old_host(routes)
    return recipe("google", "Google Workspace", mode, routes, (), _google(routes, mode), _google_pitfalls())


def _google(routes: Routes, mode: Mode) -> Iterator[RecipeStep]:
    owner = _("an administrator of Google Workspace")
    yield RecipeStep(
        "on",
        owner,
        _(
            "Apps, Google Workspace, Gmail, Hosts, Add route: call it Bascule, a single host {host}, with TLS and a"
            " certificate that is checked."
        ).format(host=routes.old_host),
        see=_("Test TLS connection says that it works."),
        otherwise=_("The old server has no valid certificate: mend that, or leave out the check for these days only."),
    )
    if mode == "split":
        what = _(
            "Apps, Google Workspace, Gmail, Default routing: all recipients; Modify message, Change route to Bascule;"
            " Options: perform this action only on unrecognised / catch-all addresses."
        )
    else:
        what = _(
            "Apps, Google Workspace, Gmail, Routing, for the organisational unit with the people of people.csv: inbound"
            " and internal messages; Also deliver to, Change route to Bascule; and Default routing for unrecognised"
            " addresses to Bascule too."
        )
    yield RecipeStep("on", owner, what, see=_("The rule shows as on."), otherwise=_("It may take up to 24 hours."))
    yield told_step(routes)
    yield probe_step(routes)
    yield RecipeStep("off", owner, _("Switch off both rules. Remove the host when nobody is left on the old side."))
    yield untold_step(routes)


def _google_pitfalls() -> Iterator[str]:
    yield _(
        "The old server must refuse whom it does not know, and never send them back to Google: unknown addresses would"
        " travel in a circle."
    )
    yield _(
        "Whoever has an account at Google gets mail from colleagues there at once, even if they have not moved: make"
        " accounts only for those with a route back."
    )


def _by_hand(routes: Routes, on: str, off: str) -> Iterator[RecipeStep]:
    yield RecipeStep(
        "on",
        of_domain_account(),
        on,
        see=_("Every address of people.csv with the state on has it; those with off have it no longer."),
        otherwise=_("Those that are missing are not delivered twice; nothing is lost by it."),
    )
    yield told_step(routes)
    yield probe_step(routes)
    yield RecipeStep("off", of_domain_account(), off)
    yield untold_step(routes)
