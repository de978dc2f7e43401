"""The gates as people read them, in a word or two; JSON and commands keep their codes."""

from __future__ import annotations

from connectors.language import _, mark

GATES = {
    "people": mark("people"),
    "switch-day": mark("day of the switch"),
    "sign-in": mark("sign-in"),
    "scope": mark("scope agreed"),
    "licences": mark("licences"),
    "accounts": mark("accounts"),
    "backup": mark("backup"),
    "cases": mark("cases"),
    "copied": mark("copy"),
    "space": mark("room on the old server"),
    "domain-first": mark("domain first"),
    "dual": mark("dual delivery"),
    "routes": mark("routes back"),
    "senders": mark("SPF and DKIM"),
    "probes": mark("probes"),
    "archives": mark("no day uncovered"),
    "way-back": mark("way back rehearsed"),
    "incidents": mark("no open P1"),
    "announced": mark("announced"),
    "day": mark("the day has come"),
    "go": mark("go"),
    "at-work": mark("everybody at work"),
    "delta": mark("delta"),
    "verified": mark("verified"),
    "removed": mark("deletions explained"),
    "cases-met": mark("cases met"),
    "accepted": mark("accepted"),
    "all-solved": mark("all solved"),
    "settled-in": mark("settled in"),
    "sites-near": mark("sites near"),
    "records": mark("old records kept"),
    "ttl": mark("TTL short"),
    "sites-switched": mark("sites switched"),
    "old-ttl": mark("old TTL passed"),
    "arrived": mark("MX everywhere"),
    "relays": mark("old server passes on"),
    "sites-done": mark("sites done"),
    "quiet-mx": mark("no mail at the old MX"),
    "no-logins": mark("no sign-ins"),
    "dmarc": mark("DMARC reports"),
    "last-delta": mark("last delta zero"),
    "archive-restored": mark("backup opened"),
    "signed-off": mark("signed off"),
    "split-delivery": mark("split delivery planned"),
    "no-logs": mark("no logs to be had"),
}


def gate_text(code: str) -> str:
    return _(GATES[code])
