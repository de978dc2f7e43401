"""Groups of a Microsoft 365 tenant are told apart by their addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from connectors.microsoft365.graph import Graph, GraphRefused
from connectors.reasons import Reason
from migrate.directory.changes import AddMember, CreateGroup
from migrate.directory.contract import NotTaken
from migrate.directory.microsoft.directory import MicrosoftDirectory
from migrate.directory.microsoft.reading import Tenant
from migrate.directory.model import Found, WantedGroup

SALES = CreateGroup("sales@a.example", WantedGroup("sales@a.example", "Sales", "forum"))


class _Graph:
    """A tenant with these groups, by id their addresses; one is made after a refusal that leaves it open."""

    system = "graph"

    def __init__(self, groups: dict[str, str | None], *, refuses: bool = False) -> None:
        self.groups = groups
        self.refuses = refuses
        #: The address of what is there after the refusal; none yet.
        self.made: str | None = None
        self.posted: list[str] = []

    def pages(self, _path: str, _params: dict[str, str]) -> Iterator[dict[str, Any]]:
        yield from ({"id": key, "mail": mail} for key, mail in self.groups.items())

    def get(self, _path: str, _params: dict[str, str]) -> dict[str, Any]:
        return {"id": "anna"}

    def post(self, path: str, _body: dict[str, Any]) -> None:
        if self.refuses:
            self.groups |= {"late": self.made}
            raise GraphRefused("no", Reason.REFUSED, status=400, code="ObjectConflict", system="graph")
        self.posted.append(path)


def _directory(graph: _Graph) -> MicrosoftDirectory:
    directory = MicrosoftDirectory.__new__(MicrosoftDirectory)
    directory.graph = cast("Graph", graph)
    directory._tenant = Tenant(Found(), {}, {}, "a.example")
    return directory


def test_a_group_of_the_same_name_in_another_domain_is_another_one() -> None:
    graph = _Graph({"other": "sales@b.example"})
    assert _directory(graph).do(SALES, None) is True
    graph.groups["ours"] = "Sales@A.example"
    assert _directory(graph).do(SALES, None) is False
    assert _directory(graph).do(AddMember(SALES.subject, "anna@a.example", kind="forum"), None) is True
    assert graph.posted == ["/groups", "/groups/ours/members/$ref"]


def test_a_group_that_was_made_though_the_answer_said_no_is_there() -> None:
    assert _directory(_Graph({}, refuses=True)).do(SALES, None) is False
    graph = _Graph({}, refuses=True)
    graph.made = "sales@b.example"
    with pytest.raises(NotTaken):
        _directory(graph).do(SALES, None)
