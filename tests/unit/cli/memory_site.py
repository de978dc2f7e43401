"""A site of two people whose systems are in memory, for commands that run in the process of the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from connectors.memory import MemoryWorld
from tests.unit.passes.world import mail, when

PEOPLE = ("anna", "bruno")


@contextmanager
def site_in_memory(folder: Path, messages: int = 1, more: str = "") -> Iterator[tuple[MemoryWorld, MemoryWorld]]:
    """The site paris, its plan in ``folder``; the old system and the new one, whose passwords are ``sesame``.

    ``more`` stands in the site's plan besides.
    """
    names = (f"old-{uuid4()}", f"new-{uuid4()}")
    for name in names:
        for person in PEOPLE:
            mailbox = MemoryWorld.named(name).add_user(f"{person}@x.example", "sesame")
            for number in range(messages if name == names[0] else 0):
                mailbox.deliver(mail(number), received=when(number))
    (folder / "sites").mkdir()
    systems = "".join(
        f"  {kind}: {{connector: memory, world: {name}}}\n" for kind, name in zip(("old", "new"), names, strict=True)
    )
    head = "name: Try\nlanguage: en\ntime_zone: Europe/Paris\nsystems:\n"
    (folder / "organisation.yaml").write_text(head + systems, encoding="utf-8")
    secrets = "source_password: 'env:PLANTED', target_password: 'env:PLANTED'"
    people = "".join(f"  - {{address: {person}@x.example, {secrets}}}\n" for person in PEOPLE)
    (folder / "sites" / "paris.yaml").write_text(
        f"site: paris\nsource: old\ntarget: new\n{more}people:\n{people}", encoding="utf-8"
    )
    try:
        yield MemoryWorld.named(names[0]), MemoryWorld.named(names[1])
    finally:
        for name in names:
            MemoryWorld.forget(name)
