"""Lines of PowerShell for what Graph cannot change: https://learn.microsoft.com/powershell/module/exchange

Each can be run again without harm: what is there already is said to be, and nothing is taken away.
"""

from __future__ import annotations

from connectors import powershell
from migrate.directory.model import WantedAccount, WantedGroup


def quoted(text: str) -> str:
    """On one line: a name has no line ends, and a line that is pasted must not have them."""
    return powershell.quoted(" ".join(text.split()))


def new_shared_mailbox(account: WantedAccount) -> list[str]:
    return [f"New-Mailbox -Shared -Name {quoted(account.name)} -PrimarySmtpAddress {quoted(account.user)}"]


def make_shared(user: str) -> list[str]:
    return [f"Set-Mailbox -Identity {quoted(user)} -Type Shared"]


def add_alias(user: str, alias: str) -> list[str]:
    return [f"Set-Mailbox -Identity {quoted(user)} -EmailAddresses @{{Add={quoted(f'smtp:{alias}')}}}"]


def new_group(group: WantedGroup) -> list[str]:
    """A group that Graph cannot make as it is wanted."""
    name, address = quoted(group.name), quoted(group.address)
    alias = quoted(group.address.partition("@")[0])
    inside = "$false" if group.posting == "anyone" else "$true"
    if group.kind == "collaborative_inbox":
        return [f"New-Mailbox -Shared -Name {name} -PrimarySmtpAddress {address}"]
    if group.kind == "forum":
        made = f"New-UnifiedGroup -DisplayName {name} -Alias {alias} -PrimarySmtpAddress {address}"
        return [made, *open_group(group)]
    made = f"New-DistributionGroup -Name {name} -Alias {alias} -PrimarySmtpAddress {address} -Type Distribution"
    return [f"{made} -RequireSenderAuthenticationEnabled {inside}"]


def open_group(group: WantedGroup) -> list[str]:
    """Who may write to a Microsoft 365 group: people outside may not, until it is said."""
    if group.posting != "anyone":
        return []
    return [f"Set-UnifiedGroup -Identity {quoted(group.address)} -RequireSenderAuthenticationEnabled $false"]


def change_group(group: WantedGroup) -> list[str]:
    """A group of another kind, or with another right to write, than is wanted."""
    address = quoted(group.address)
    if group.kind == "forum":
        return [f"Upgrade-DistributionGroup -DLIdentities {address}", *open_group(group)]
    inside = "$false" if group.posting == "anyone" else "$true"
    return [f"Set-DistributionGroup -Identity {address} -RequireSenderAuthenticationEnabled {inside}"]


def add_member(group: str, member: str, kind: str, *, external: bool) -> list[str]:
    identity, who = quoted(group), quoted(member)
    if kind == "collaborative_inbox":
        return [
            f"Add-MailboxPermission -Identity {identity} -User {who} -AccessRights FullAccess",
            f"Add-RecipientPermission -Identity {identity} -Trustee {who} -AccessRights SendAs -Confirm:$false",
        ]
    if kind == "forum":
        # A guest must have been invited before.
        return [f"Add-UnifiedGroupLinks -Identity {identity} -LinkType Members -Links {who}"]
    contact = [f"New-MailContact -Name {who} -ExternalEmailAddress {who}"] if external else []
    return [*contact, f"Add-DistributionGroupMember -Identity {identity} -Member {who}"]
