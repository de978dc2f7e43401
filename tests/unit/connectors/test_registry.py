"""Which connectors are installed."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from connectors import registry
from connectors.memory import MemoryConnector
from connectors.registry import BrokenConnector, UnknownConnector


class _Distribution:
    name = "their-connector"


def _installed(monkeypatch: pytest.MonkeyPatch, **connectors: str) -> None:
    points = EntryPoints(EntryPoint(name, value, registry.GROUP) for name, value in connectors.items())
    for point in points:
        vars(point)["dist"] = _Distribution()
    monkeypatch.setattr(registry, "entry_points", lambda **chosen: points.select(**chosen))


def test_ours_are_installed() -> None:
    assert {"imap", "memory"} <= set(registry.names())
    assert registry.connector_class("memory") is MemoryConnector


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(UnknownConnector, match='There is no connector "Memry"') as caught:
        registry.connector_class("Memry")
    assert caught.value.name == "Memry"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("their_missing_module:Connector", "ModuleNotFoundError"),
        ("connectors.memory:NoSuchClass", "AttributeError"),
        ("connectors.memory:VirtualClock", "Settings"),
    ],
)
def test_a_broken_connector_names_the_package_that_brought_it(
    monkeypatch: pytest.MonkeyPatch, value: str, why: str
) -> None:
    _installed(monkeypatch, theirs=value)
    assert registry.names() == ["theirs"]
    with pytest.raises(BrokenConnector, match="their-connector") as caught:
        registry.connector_class("theirs")
    assert why in caught.value.why
    assert caught.value.distribution == "their-connector"


def test_two_packages_of_one_name_are_not_guessed_between(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints(
        EntryPoint("mail", value, registry.GROUP) for value in ("connectors.memory:MemoryConnector", "other:Connector")
    )
    monkeypatch.setattr(registry, "entry_points", lambda **chosen: points.select(**chosen))
    with pytest.raises(BrokenConnector, match="several packages"):
        registry.connector_class("mail")
