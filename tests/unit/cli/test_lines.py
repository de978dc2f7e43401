"""Lines are printed as they are worded."""

from __future__ import annotations

import pytest

from migrate.cli.lines import show_line, terminal


@pytest.mark.parametrize("name", ["Projets :heart:", "[bold]x[/bold]", "A:AB:CD"])
def test_a_name_is_shown_as_it_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_line(terminal(), name)
    assert capsys.readouterr().out == f"{name}\n"
