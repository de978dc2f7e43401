"""Wrappers around any session: they keep its protocol and add one manner each.

Retry goes outermost, around a callable that opens a session and wraps it in limit and metrics, so that every new
session keeps the shared buckets and tallies.
"""

from connectors.wrappers.base import SourceWrapper, TargetWrapper
from connectors.wrappers.heed import HeedingSource, HeedingTarget
from connectors.wrappers.limit import LimitedSource, LimitedTarget, RateLimit
from connectors.wrappers.metrics import MeteredSource, MeteredTarget, Metrics, Tally
from connectors.wrappers.ration import RationedSource, RationedTarget
from connectors.wrappers.retry import RetryingSource, RetryingTarget, RetryPolicy
from connectors.wrappers.waiting import Timekeeper

__all__ = [
    "HeedingSource",
    "HeedingTarget",
    "LimitedSource",
    "LimitedTarget",
    "MeteredSource",
    "MeteredTarget",
    "Metrics",
    "RateLimit",
    "RationedSource",
    "RationedTarget",
    "RetryPolicy",
    "RetryingSource",
    "RetryingTarget",
    "SourceWrapper",
    "Tally",
    "TargetWrapper",
    "Timekeeper",
]
