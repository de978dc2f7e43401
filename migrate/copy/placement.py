"""Where a folder of the source goes."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.values import Role


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a source folder's messages go on the target."""

    path: tuple[str, ...]
    role: Role | None = None
    #: The plan says that several folders may go into this one; otherwise they are kept apart.
    merge: bool = False
    #: The beginning of ``path`` below which the plan puts everything.
    under: tuple[str, ...] = ()
