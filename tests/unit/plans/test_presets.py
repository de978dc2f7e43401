"""What is known of mail systems fills in what a plan does not say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import plans
from connectors.imap.settings import ImapSettings
from connectors.language import speak
from connectors.presets import Preset, of_host, of_mx, presets
from connectors.presets.words import quirk_texts, sign_in_text
from connectors.registry import connector_class, names
from plans import PlanError, System, loading
from plans.preset_keys import filled

_HEAD = "name: Try\nlanguage: en\ntime_zone: Europe/Paris\nsystems:\n  old: "


@pytest.fixture(autouse=True)
def shipped_connectors(stand_in_connectors: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "connector_class", connector_class)


def system(folder: Path, keys: str) -> System:
    (folder / "organisation.yaml").write_text(f"{_HEAD}{keys}\n", encoding="utf-8")
    return plans.load(folder).systems["old"]


def trouble(folder: Path, keys: str) -> str:
    with pytest.raises(PlanError) as caught:
        system(folder, keys)
    return str(caught.value)


@pytest.mark.parametrize("preset", presets().values(), ids=presets())
def test_what_a_preset_says_is_right_for_its_connectors_and_has_words(preset: Preset) -> None:
    for connector in {preset.connector, "imap", "pop3"} & set(names()):
        if not preset.speaks(connector):
            continue
        keys = dict(filled({"connector": connector, "host": "mail.example"}, preset).keys)
        own = {key: value for key, value in keys.items() if key not in ("connector", "each_mailbox")}
        server = preset.server(connector)
        if server is not None or connector == "imap":
            connector_class(connector).Settings.model_validate(own)
    speak("en")
    assert sign_in_text(preset).endswith(".")
    assert all(text.endswith(".") for text in quirk_texts(preset))
    parts = (preset.imap, preset.pop3, preset.smtp, preset.limits, preset.dns)
    assert all(part.source.strip() for part in parts if part is not None), "each datum names where it was read"
    for pattern in preset.dns.mx if preset.dns else ():
        re.compile(pattern)


def test_no_mx_belongs_to_two_presets() -> None:
    known = [
        "mx1.mail.ovh.net", "spool.mail.gandi.net", "mx00.ionos.es", "mta-gw.infomaniak.ch", "aspmx.l.google.com",
        "example-com.mail.protection.outlook.com", "eur.olc.protection.outlook.com", "mail.am0.yahoodns.net",
        "mta5.am0.yahoodns.net", "mail.gm0.yahoodns.net", "in1-smtp.messagingengine.com", "mx.zoho.com",
    ]  # fmt: skip
    for host in known:
        fitting = [one.name for one in presets().values() if one.dns and any(re.fullmatch(p, host) for p in one.dns.mx)]
        assert len(fitting) == 1, f"{host}: {fitting}"
    found = of_mx(["MX1.mail.ovh.net."])
    assert found is not None
    assert found.name == "ovh"
    assert of_mx(["mail.example.org"]) is None


def test_a_server_is_known_by_its_name_and_by_its_form() -> None:
    assert [one and one.name for one in map(of_host, ("ssl0.ovh.net.", "pro7.mail.ovh.net", "mail.example", ""))] == [
        "ovh",
        "ovh-email-pro",
        None,
        None,
    ]


def test_a_preset_alone_makes_a_whole_system(tmp_path: Path) -> None:
    made = system(tmp_path, "{preset: ovh}")
    assert made.connector == "imap"
    assert isinstance(made.settings, ImapSettings)
    assert (made.settings.host, made.settings.effective_port, made.settings.tls) == ("ssl0.ovh.net", 993, "implicit")
    assert made.from_preset == {"connector", "host", "port", "tls"}


def test_what_the_plan_says_wins_key_by_key(tmp_path: Path) -> None:
    made = system(tmp_path, "{preset: gmail, host: imap.proxy.example, each_mailbox: {read_a_day: 1 GB}}")
    assert isinstance(made.settings, ImapSettings)
    assert made.settings.host == "imap.proxy.example"
    assert (made.each_mailbox.read_a_day, made.each_mailbox.written_a_day) == (1_000_000_000, 500_000_000)
    assert {"host", "each_mailbox.read_a_day"} <= made.said
    assert "each_mailbox.written_a_day" in made.from_preset


def test_the_ports_of_a_preset_are_not_taken_for_another_kind_of_tls(tmp_path: Path) -> None:
    made = system(tmp_path, "{preset: ovh, tls: starttls}")
    assert isinstance(made.settings, ImapSettings)
    assert made.settings.effective_port == 143


def test_the_same_preset_says_where_pop3_is(tmp_path: Path) -> None:
    made = system(tmp_path, "{preset: free, connector: pop3}")
    assert made.connector == "pop3"
    assert getattr(made.settings, "host", "") == "pop.free.fr"


def test_a_system_that_grants_few_sessions_is_not_asked_for_more(tmp_path: Path) -> None:
    assert getattr(system(tmp_path, "{preset: gmail}").settings, "sessions", 0) == 4, "15 are granted, 4 are usual"


def test_software_needs_its_host(tmp_path: Path) -> None:
    assert 'The key "host" is missing' in trouble(tmp_path, "{preset: dovecot}")


def test_an_unknown_preset_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    told = trouble(tmp_path, "{preset: gmial}")
    assert told == 'organisation.yaml:5:17: There is no preset "gmial". Did you mean "gmail"?'


def test_a_preset_that_the_connector_cannot_use_is_told(tmp_path: Path) -> None:
    assert 'The preset "ovh" says nothing for the connector "maildir".' in trouble(
        tmp_path, "{preset: ovh, connector: maildir, path: mail}"
    )


def test_a_preset_that_is_no_text_is_told(tmp_path: Path) -> None:
    assert "preset" in trouble(tmp_path, "{preset: [ovh], connector: imap, host: mail.example}")
