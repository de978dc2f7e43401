"""What is written for its owner alone is never seen half written, nor by others."""

from __future__ import annotations

from pathlib import Path

from connectors.private_file import write_private


def test_a_file_is_replaced_whole_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    path.write_text("old")
    path.chmod(0o644)
    (tmp_path / "token.json.new").write_text("left by a run that was killed")
    write_private(path, "é")
    assert (path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777) == ("é", 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["token.json"]
