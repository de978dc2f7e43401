"""A mail system in memory, with every manner switchable.

The engine is proven on it against manners that no single server has: keys not told, batches that store in part, bytes
rewritten, an index that lags, other writers, replies that never come.  Tests hold its :class:`MemoryWorld`, where they
act as the owner of the mail and script the trouble.
"""

from connectors.memory.clock import VirtualClock
from connectors.memory.connector import MemoryConnector
from connectors.memory.faults import Cut, Faults, Moment
from connectors.memory.owner import Mailbox
from connectors.memory.settings import MemorySettings
from connectors.memory.store import Stored, Touch
from connectors.memory.world import MemoryWorld

__all__ = [
    "Cut",
    "Faults",
    "Mailbox",
    "MemoryConnector",
    "MemorySettings",
    "MemoryWorld",
    "Moment",
    "Stored",
    "Touch",
    "VirtualClock",
]
