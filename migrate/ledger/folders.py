"""Rows of folders: what was listed, and where its messages go."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, Row, select, update

from connectors.contract import Folder, Role
from connectors.folder_names import FolderPath
from migrate.ledger.schema import Direction, folder, target_folder


@dataclass(frozen=True, slots=True)
class FolderRow:
    """A source folder as it stood when it was last listed."""

    id: int
    path: tuple[str, ...]
    role: Role | None
    epoch: str
    object_id: str | None
    cursor: str | None
    token: str | None
    rules_digest: str | None
    target_folder_id: int | None
    gone_at: float | None


@dataclass(frozen=True, slots=True)
class TargetFolderRow:
    id: int
    path: tuple[str, ...]
    epoch: str

    @property
    def as_it_was(self) -> Folder:
        """What a target is asked for: FolderMissing says that it is gone, and it is not made again for a question."""
        return Folder(self.path, None, self.epoch)


def of_mailbox(connection: Connection, mailbox_id: int, direction: Direction, source: str) -> list[FolderRow]:
    rows = connection.execute(
        select(folder)
        .where(folder.c.mailbox_id == mailbox_id, folder.c.direction == direction, folder.c.source == source)
        .order_by(folder.c.id)
    )
    return [_folder_row(row) for row in rows]


def create(connection: Connection, mailbox_id: int, direction: Direction, source: str, listed: Folder) -> FolderRow:
    result = connection.execute(
        folder.insert().values(
            mailbox_id=mailbox_id,
            direction=direction,
            source=source,
            path=path_text(listed.path),
            role=listed.role,
            epoch=listed.epoch,
            object_id=listed.object_id,
        )
    )
    key = result.inserted_primary_key
    assert key is not None
    return FolderRow(key[0], listed.path, listed.role, listed.epoch, listed.object_id, None, None, None, None, None)


def relist(connection: Connection, folder_id: int, listed: Folder) -> None:
    """The folder is there, with this epoch; what was saved about its contents no longer counts if that changed."""
    connection.execute(
        update(folder)
        .where(folder.c.id == folder_id)
        .values(epoch=listed.epoch, role=listed.role, object_id=listed.object_id, gone_at=None, token=None, cursor=None)
    )


def mark_gone(connection: Connection, folder_id: int, when: float) -> None:
    connection.execute(update(folder).where(folder.c.id == folder_id).values(gone_at=when, token=None, cursor=None))


def save_token(
    connection: Connection, folder_id: int, token: str | None, cursor: str | None, rules_digest: str
) -> None:
    connection.execute(
        update(folder).where(folder.c.id == folder_id).values(token=token, cursor=cursor, rules_digest=rules_digest)
    )


def target(connection: Connection, mailbox_id: int, direction: Direction, there: Folder) -> TargetFolderRow:
    """The row of a target folder in its present epoch, made when it is new."""
    where = (
        target_folder.c.mailbox_id == mailbox_id,
        target_folder.c.direction == direction,
        target_folder.c.path == path_text(there.path),
        target_folder.c.epoch == there.epoch,
    )
    row = connection.execute(select(target_folder).where(*where)).one_or_none()
    if row is None:
        connection.execute(
            target_folder.insert().values(
                mailbox_id=mailbox_id, direction=direction, path=path_text(there.path), epoch=there.epoch
            )
        )
        row = connection.execute(select(target_folder).where(*where)).one()
    return _target_row(row)


def place(connection: Connection, folder_id: int, target_folder_id: int) -> bool:
    """The folder's messages go to this target folder; whether it was adopted there."""
    connection.execute(update(folder).where(folder.c.id == folder_id).values(target_folder_id=target_folder_id))
    adopted_in = connection.execute(select(folder.c.adopted_in).where(folder.c.id == folder_id)).scalar_one()
    return bool(adopted_in == target_folder_id)


def place_of(connection: Connection, folder_id: int) -> FolderPath | None:
    """The target folder that a source folder's messages go to, if it has one."""
    rows = select(target_folder.c.path).join(folder, folder.c.target_folder_id == target_folder.c.id)
    path = connection.execute(rows.where(folder.c.id == folder_id)).scalar_one_or_none()
    return None if path is None else _path(path)


def going_to(
    connection: Connection, mailbox_id: int, direction: Direction, source: str, place: FolderPath
) -> set[FolderPath]:
    """The folders of a source that go to this target folder.

    The inbox of each source goes into the one inbox there is, and so does every folder of one name.
    """
    there = connection.execute(
        select(target_folder.c.id).where(
            target_folder.c.mailbox_id == mailbox_id,
            target_folder.c.direction == direction,
            target_folder.c.path == path_text(place),
        )
    )
    ids = there.scalars().all()
    if not ids:  # mostly so, and looked up in an index; folders are not
        return set()
    rows = connection.execute(
        select(folder.c.path).where(
            folder.c.mailbox_id == mailbox_id,
            folder.c.direction == direction,
            folder.c.source == source,
            folder.c.gone_at.is_(None),
            folder.c.target_folder_id.in_(ids),
        )
    )
    return {_path(path) for path in rows.scalars()}


def places(connection: Connection, mailbox_id: int, direction: Direction, source: str) -> dict[FolderPath, FolderPath]:
    """Where the folders of a source were put, by source path."""
    rows = connection.execute(
        select(folder.c.path, target_folder.c.path)
        .join(target_folder, folder.c.target_folder_id == target_folder.c.id)
        .where(
            folder.c.mailbox_id == mailbox_id,
            folder.c.direction == direction,
            folder.c.source == source,
            folder.c.gone_at.is_(None),
        )
    )
    return {_path(path): _path(place) for path, place in rows}


def all_places(
    connection: Connection, mailbox_id: int, direction: Direction
) -> dict[str, dict[FolderPath, FolderPath]]:
    """As :func:`places`, of every source that was ever copied, by its name."""
    where = (folder.c.mailbox_id == mailbox_id, folder.c.direction == direction)
    names = list(connection.execute(select(folder.c.source).where(*where).distinct()).scalars())
    return {name: places(connection, mailbox_id, direction, name) for name in names}


def target_by_id(connection: Connection, target_folder_id: int) -> TargetFolderRow:
    return _target_row(connection.execute(select(target_folder).where(target_folder.c.id == target_folder_id)).one())


def mark_adopted(connection: Connection, folder_id: int, target_folder_id: int) -> None:
    """What the target folder holds without our knowledge was compared with this source folder."""
    connection.execute(update(folder).where(folder.c.id == folder_id).values(adopted_in=target_folder_id))


def has_others(connection: Connection, mailbox_id: int, direction: Direction, source: str) -> bool:
    """Whether the mailbox has folders of another source too."""
    others = select(folder.c.id).where(
        folder.c.mailbox_id == mailbox_id, folder.c.direction == direction, folder.c.source != source
    )
    return connection.execute(others.limit(1)).first() is not None


def path_text(path: tuple[str, ...]) -> str:
    return json.dumps(path, ensure_ascii=False)


def _path(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _folder_row(row: Row[tuple[object, ...]]) -> FolderRow:
    values = row._mapping
    return FolderRow(
        values["id"],
        _path(values["path"]),
        Role(values["role"]) if values["role"] else None,
        values["epoch"],
        values["object_id"],
        values["cursor"],
        values["token"],
        values["rules_digest"],
        values["target_folder_id"],
        values["gone_at"],
    )


def _target_row(row: Row[tuple[object, ...]]) -> TargetFolderRow:
    values = row._mapping
    return TargetFolderRow(values["id"], _path(values["path"]), values["epoch"])
