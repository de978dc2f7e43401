"""Servers that are told by PowerShell: Exchange (learn.microsoft.com: Set-Mailbox), hMailServer (its COM interface)."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.language import _
from connectors.powershell import quoted as powershell
from migrate.delivery.quoting import comment
from migrate.delivery.recipe import Mode, Recipe, RecipeFile, RecipeStep, Recipient, Routes
from migrate.delivery.servers.common import (
    host_and_port,
    no_old_host,
    of_server,
    probe_step,
    recipe,
    told_step,
    untold_step,
)

#: PowerShell of Windows reads UTF-8 only behind this mark.
_MARK = "\ufeff"
_ENCODING = "# {site}: {what}.  May be run again.\n$ErrorActionPreference = 'Stop'\n"


def exchange(routes: Routes, mode: Mode) -> Recipe:
    """A mail contact a person, and a forwarding to it that keeps the mailbox's copy or not."""
    keep = "$true" if mode == "dual" else "$false"
    remote = powershell(routes.technical)
    on = _ENCODING.format(site=comment(routes.site), what=f"{mode} delivery")
    on += (
        f"if (-not (Get-RemoteDomain | Where-Object DomainName -eq {remote})) {{ New-RemoteDomain -Name {remote} "
        f"-DomainName {remote} | Out-Null }}\n"
        f"Set-RemoteDomain {remote} -AutoForwardEnabled $true -TNEFEnabled $false\n"
    )
    if routes.new_host is not None:
        host, port = host_and_port(routes.new_host)
        on += (
            f"if (-not (Get-SendConnector | Where-Object Name -eq {remote})) {{ New-SendConnector -Name {remote} "
            f"-AddressSpaces {powershell(f'SMTP:{routes.technical};1')} -DNSRoutingEnabled $false "
            f"-SmartHosts {powershell(host)}{f' -Port {port}' if port else ''} | Out-Null }}\n"
        )
    for person in routes.recipients:
        contact, alias = powershell(person.copy_to), powershell(f"Bascule {person.copy_to}")
        on += (
            f'if (-not (Get-MailContact -Filter "ExternalEmailAddress -eq {_in_filter("SMTP:" + person.copy_to)}")) '
            f"{{ New-MailContact -Name {alias} -ExternalEmailAddress {contact} | "
            "Set-MailContact -HiddenFromAddressListsEnabled $true }\n"
            f"Set-Mailbox {powershell(person.address)} -ForwardingAddress {contact} "
            f"-DeliverToMailboxAndForward {keep}\n"
        )
    off = _ENCODING.format(site=comment(routes.site), what="off")
    on += "".join(_forward_no_more(one) for one in routes.taken_away)
    off += "".join(_forward_no_more(one) for one in (*routes.recipients, *routes.taken_away))
    check = f"Get-Mailbox -Filter 'ForwardingAddress -ne $null' | Format-Table PrimarySmtpAddress, {_COLUMNS}"
    pitfalls = [
        _(
            "Exchange delivers inside by its own list and never looks at the MX: a colleague with a mailbox here gets"
            " mail from here, whatever DNS says. Probe from inside too."
        ),
        _("A forwarding that somebody had before is replaced: the check shows all of them. Keep what it says first."),
    ]
    steps = _steps(routes, _("in the Exchange Management Shell"), check)
    return recipe("exchange", "Exchange", mode, routes, _files(on, off), steps, pitfalls)


_COLUMNS = "ForwardingAddress, DeliverToMailboxAndForward"


def _in_filter(text: str) -> str:
    """A literal inside a filter inside a string in double quotes."""
    return "'" + text.replace("'", "''").replace("`", "``").replace("$", "`$").replace('"', '`"') + "'"


def _forward_no_more(person: Recipient) -> str:
    who = powershell(person.address)
    return f"Set-Mailbox {who} -ForwardingAddress $null -DeliverToMailboxAndForward $false\n"


def hmailserver(routes: Routes, mode: Mode) -> Recipe:
    """The forwarding of each account, with or without the original."""
    domain = powershell(routes.domain)
    begin = (
        "$server = New-Object -ComObject hMailServer.Application\n"
        "$password = Read-Host 'hMailServer administrator password' -AsSecureString\n"
        "$plain = [Runtime.InteropServices.Marshal]::PtrToStringBSTR("
        "[Runtime.InteropServices.Marshal]::SecureStringToBSTR($password))\n"
        "if (-not $server.Authenticate('Administrator', $plain)) { throw 'hMailServer does not let you in.' }\n"
        f"$accounts = $server.Domains.ItemByName({domain}).Accounts\n"
    )
    keep = "$true" if mode == "dual" else "$false"
    on = _ENCODING.format(site=comment(routes.site), what=f"{mode} delivery") + begin
    for person in routes.recipients:
        on += (
            f"$one = $accounts.ItemByAddress({powershell(person.address)}); $one.ForwardEnabled = $true; "
            f"$one.ForwardAddress = {powershell(person.copy_to)}; $one.ForwardKeepOriginal = {keep}; $one.Save()\n"
        )
    off = _ENCODING.format(site=comment(routes.site), what="off") + begin
    ended = "$one = $accounts.ItemByAddress({who}); $one.ForwardEnabled = $false; $one.Save()\n"
    on += "".join(ended.format(who=powershell(one.address)) for one in routes.taken_away)
    off += "".join(ended.format(who=powershell(one.address)) for one in (*routes.recipients, *routes.taken_away))
    pitfalls = [
        _("An account has one forwarding: one that somebody had before is replaced. Note them first."),
        _(
            "“Forwarding” leaves through the routes of the server: a route for {domain} must not lead to the new side"
            " while accounts are here."
        ).format(domain=routes.domain),
    ]
    # Its collections have numbers, and nothing that PowerShell could go through by itself.
    look = "for ($n = 0; $n -lt $accounts.Count; $n++) { $one = $accounts.Item($n); "
    look += "if ($one.ForwardEnabled) { $one.Address + ' ' + $one.ForwardAddress + ' ' + $one.ForwardKeepOriginal } }\n"
    look = _ENCODING.format(site=comment(routes.site), what="what is set") + begin + look
    steps = _steps(routes, _("in PowerShell on the server"), ".\\check.ps1")
    files = [*_files(on, off), RecipeFile("check.ps1", _MARK + look)]
    return recipe("hmailserver", "hMailServer", mode, routes, files, steps, pitfalls)


def microsoft365(routes: Routes, mode: Mode) -> Recipe:
    """The new side comes first: what it does not know goes to the old server, and with dual delivery a copy too."""
    if routes.old_host is None:
        raise no_old_host(routes)
    host, port = host_and_port(routes.old_host)
    domain, name = powershell(routes.domain), powershell(f"Bascule {routes.domain}")
    on = _ENCODING.format(site=comment(routes.site), what=f"{mode} delivery") + (
        f"Set-AcceptedDomain {domain} -DomainType InternalRelay\n"
        f"if (-not (Get-OutboundConnector | Where-Object Name -eq {name})) {{ New-OutboundConnector -Name {name} "
        f"-ConnectorType OnPremises -RecipientDomains {domain} -UseMXRecord $false -SmartHosts {powershell(host)} "
        "-TlsSettings EncryptionOnly | Out-Null }\n"
        f"Set-OutboundConnector {name} -Enabled $true -SmartHosts {powershell(host)}\n"
    )
    off = _ENCODING.format(site=comment(routes.site), what="off")
    if mode == "dual":
        on += "Set-HostedOutboundSpamFilterPolicy Default -AutoForwardingMode On\n"
        back = f"old.{routes.domain}"
        for person in routes.recipients:
            local = person.address.rpartition("@")[0]
            on += (
                f"Set-Mailbox {powershell(person.address)} -ForwardingSmtpAddress {powershell(f'{local}@{back}')} "
                "-DeliverToMailboxAndForward $true\n"
            )
        ended = "Set-Mailbox {who} -ForwardingSmtpAddress $null -DeliverToMailboxAndForward $false\n"
        on += "".join(ended.format(who=powershell(one.address)) for one in routes.taken_away)
        off += "".join(ended.format(who=powershell(one.address)) for one in (*routes.recipients, *routes.taken_away))
        off += "Set-HostedOutboundSpamFilterPolicy Default -AutoForwardingMode Automatic\n"
    off += f"Set-AcceptedDomain {domain} -DomainType Authoritative\nSet-OutboundConnector {name} -Enabled $false\n"
    pitfalls = [
        _(
            "Switch off (Authoritative) only when the last person who has not moved is gone from the old server: until"
            " then their mail would be refused as unknown."
        ),
        _("Mail that the old server does not know either must be refused there, and not sent back: that is a loop."),
    ]
    if mode == "dual":
        pitfalls.append(
            _(
                "The copies go to {technical}, a domain that the old server takes as its own. Forwarding to another"
                " domain is refused (550 5.7.520) until the outbound policy allows it, which the script does."
            ).format(technical=f"old.{routes.domain}")
        )
        pitfalls.append(
            _(
                "Switching off sets AutoForwardingMode of the outbound policy to Automatic, as it is in a new tenant:"
                " look before what it is (Get-HostedOutboundSpamFilterPolicy Default)."
            )
        )
    if port:
        pitfalls.append(_("Microsoft 365 sends to port 25 alone: {host} must listen there.").format(host=host))
    steps = _steps(routes, _("in Exchange Online PowerShell"), f"Get-AcceptedDomain {domain} | Format-List DomainType")
    return recipe("microsoft365", "Microsoft 365", mode, routes, _files(on, off), steps, pitfalls)


def _files(on: str, off: str) -> list[RecipeFile]:
    return [RecipeFile("switch-on.ps1", _MARK + on), RecipeFile("switch-off.ps1", _MARK + off)]


def _steps(routes: Routes, where: str, check: str) -> Iterator[RecipeStep]:
    yield RecipeStep(
        "on",
        of_server(),
        _("Run the script {where}. It may be run again, and is when people join or leave.").format(where=where),
        ".\\switch-on.ps1",
        _("It ends without a red line."),
        _("Run switch-off.ps1, and keep what it said."),
    )
    yield told_step(routes)
    yield RecipeStep(
        "check",
        of_server(),
        _("Look at what is set, {where}.").format(where=where),
        check,
        _("It shows what the script has set, and nothing that you do not know."),
        _("Somebody has set it by hand, or another program does: find out who."),
    )
    yield probe_step(routes)
    yield RecipeStep("off", of_server(), _("Run the other script {where}.").format(where=where), ".\\switch-off.ps1")
    yield untold_step(routes)
