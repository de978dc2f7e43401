"""A Dovecot whose mailboxes may hold only so much, and that says so (IMAP QUOTA)."""

from __future__ import annotations


def quota(kilobytes: int, series: str) -> str:
    """Settings of :func:`tests.servers.dovecot.running_dovecot` for ``series``."""
    if series == "2.3":
        return f"""\
mail_plugins = $mail_plugins quota
protocol imap {{
  mail_plugins = $mail_plugins quota imap_quota
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:storage={kilobytes}K
}}
"""
    return f"""\
mail_plugins {{
  quota = yes
}}
protocol imap {{
  mail_plugins {{
    quota = yes
    imap_quota = yes
  }}
}}
quota "User quota" {{
  driver = count
  storage_size = {kilobytes}K
}}
"""
