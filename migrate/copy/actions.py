"""What a pass would do: typed actions, in the order in which they would be done."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.contract import Reason

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Make:
    """Make a folder on the target."""

    to: Path


@dataclass(frozen=True, slots=True)
class Follow:
    """Let copies follow messages that were moved on the source; those that a person touched stay."""

    to: Path
    messages: int


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take messages that the target holds already for what they are."""

    to: Path
    messages: int


@dataclass(frozen=True, slots=True)
class Recognise:
    """Take messages for what dual delivery brought to the target, wherever it is by now."""

    messages: int


@dataclass(frozen=True, slots=True)
class Copy:
    """Send messages; ``size`` in bytes as the source lists them."""

    folder: Path
    to: Path
    messages: int
    size: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Carry flags over to copies."""

    messages: int


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Leave messages out because a rule says so."""

    folder: Path
    messages: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not send messages that the target would not take."""

    folder: Path
    messages: int
    reason: Reason


Action = Make | Follow | Adopt | Recognise | Copy | Mark | LeaveOut | Refuse
