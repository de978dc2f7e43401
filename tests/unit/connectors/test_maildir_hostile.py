"""Folder names of a hostile server in a Maildir: nothing lies outside it, and what it cannot hold has a verdict."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.body import ByteBudget
from connectors.contract import Account, Refused, Resources
from connectors.maildir.connector import MaildirConnector
from connectors.maildir.settings import MaildirSettings
from connectors.maildir.target import MaildirTarget
from connectors.suite import samples
from connectors.suite.samples import contents, message
from connectors.wire import wire_bytes

EXAMPLES = os.environ.get("BASCULE_EXAMPLES")
CHECKS = settings(
    max_examples=int(EXAMPLES or 30),
    deadline=None,
    derandomize=EXAMPLES is None,
    suppress_health_check=[HealthCheck.too_slow],
)
PART = st.one_of(
    st.sampled_from(
        ["..", ".", "", "/", "../..", "/etc/passwd", "cur", "new", "tmp", "\0", "\n", "\x1b[2J", "a\0b", "a/b", "~",
         "INBOX", "inbox", "é", "e\u0301", "😀", "&", "&-", "&AOk-", " ", "a.", ".a", "a" * 300, "\u202e", "CON", "-rf",
         "maildirfolder", "bascule-epoch", "subscriptions", "dovecot-uidlist", "_", ".."*100]
    ),
    st.text(max_size=10).filter(lambda text: not any("\ud800" <= one <= "\udfff" for one in text)),
)  # fmt: skip
LAYOUTS = [(layout, names) for layout in ("maildir++", "directories") for names in ("utf-7", "utf-8")]


def target_in(folder: Path, layout: str, names: str) -> MaildirTarget:
    (folder / "spool").mkdir(exist_ok=True)
    given = MaildirSettings.model_validate({"path": folder / "around" / "{user}", "layout": layout, "names": names})
    connector = MaildirConnector(given, Resources(ByteBudget(), folder / "spool"))
    return connector.open_target(Account("ann", address="ann@example.org"), Event())


def outside(folder: Path) -> Iterator[Path]:
    """What lies in the test's folder and not in the Maildir."""
    for path in folder.rglob("*"):
        if path.relative_to(folder).parts[:2] != ("around", "ann") and path.name not in ("around", "spool"):
            yield path


@pytest.mark.parametrize(("layout", "names"), LAYOUTS)
@CHECKS
@given(paths=st.lists(st.lists(PART, min_size=1, max_size=4).map(tuple), min_size=1, max_size=4))
def test_no_name_leads_out_of_the_maildir(layout: str, names: str, paths: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        target = target_in(folder, layout, names)
        held = 0
        for number, path in enumerate(paths):
            try:
                made = target.ensure(path, None)
            except Refused:
                continue
            (out,) = samples.batch(samples.mails(number + 1)[-1:])
            target.fence(made, [out])
            (receipt,) = target.write(made, [out], lambda: None)
            assert receipt.key is not None
            (read,) = target.read(made, [receipt.key])
            assert wire_bytes(contents(message(read).body)) == contents(out.body)
            held += 1
        assert sum(one.messages or 0 for one in target.folders()) == held, "each in a folder that is listed"
        assert not list(outside(folder))


@pytest.mark.parametrize(("layout", "names"), LAYOUTS)
def test_a_thousand_levels_are_refused_or_held(tmp_path: Path, layout: str, names: str) -> None:
    target = target_in(tmp_path, layout, names)
    for path in (("a",) * 1000, ("abc" * 40,) * 100, ("é" * 200,)):
        with pytest.raises(Refused):
            target.ensure(path, None)
    assert not list(outside(tmp_path))
