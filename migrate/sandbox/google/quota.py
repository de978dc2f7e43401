"""Units and calls: what each method costs, and whether there is enough left.

Costs: https://developers.google.com/gmail/api/reference/quota.  The bodies are those that clients have reported
(GAM-team/got-your-back#309: 403 for units; elsewhere 429 for too many calls at a time).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from migrate.sandbox.google.errors import ApiError
from migrate.sandbox.google.keys import PROJECT_NUMBER
from migrate.sandbox.google.world import World

#: Units by method, below ``gmail.users.``; what the page does not name costs as much as a reading.
_UNITS = {
    "drafts.create": 10, "drafts.delete": 10, "drafts.send": 100, "drafts.update": 15, "getProfile": 1,
    "history.list": 2,
    "labels.create": 5, "labels.delete": 5, "labels.get": 1, "labels.list": 1, "labels.patch": 5, "labels.update": 5,
    "messages.batchDelete": 50, "messages.batchModify": 50, "messages.delete": 10, "messages.get": 5,
    "messages.import": 25, "messages.insert": 25, "messages.list": 5, "messages.modify": 5, "messages.send": 100,
    "messages.trash": 5, "messages.untrash": 5,
}  # fmt: skip
_OTHERWISE = 5


@dataclass
class Bucket:
    """Fills evenly, up to what may be spent at once."""

    level: float
    filled_at: float

    def take(self, amount: float, a_minute: int, burst: float, now: float) -> bool:
        """Take ``amount`` if it is there; ``burst`` is in seconds' worth."""
        rate = a_minute / 60
        # A single call never costs more than a full bucket, or it could never be made.
        full = max(rate * burst, amount)
        self.level = min(full, self.level + (now - self.filled_at) * rate)
        self.filled_at = now
        if self.level < amount:
            return False
        self.level -= amount
        return True

    def give_back(self, amount: float) -> None:
        """What was taken was not used after all."""
        self.level += amount


@dataclass
class Quotas:
    """What was spent, by user, by project and by administrator."""

    world: World
    spent: Counter[str] = field(default_factory=Counter)
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    _under_way: Counter[str] = field(default_factory=Counter)

    def charge(self, method: str, user: str) -> None:
        """Count one call.  Raises ApiError when it is one too many."""
        manners = self.world.manners
        if method.startswith("gmail."):
            units = units_of(method)
            if manners.user_units is not None and not self._take("user", user, units, manners.user_units):
                raise _exceeded("Queries per minute per user", "QueriesPerMinutePerUser", manners.user_units)
            if manners.project_units is not None and not self._take("project", "", units, manners.project_units):
                if manners.user_units is not None:
                    self._buckets["user", user].give_back(units)
                raise _exceeded("Queries per minute", "QueriesPerMinutePerProject", manners.project_units)
            self.spent[user] += units
            return
        api = method.partition(".")[0]
        calls = {"directory": manners.directory_calls, "groupsmigration": manners.archive_calls}.get(api)
        if calls is not None and not self._take(api, user, 1, calls):
            if api == "groupsmigration":
                # Its page on limits says so: 503 where a quota is exceeded.
                raise ApiError(503, "BACKEND FAILURE", "backendError", "UNAVAILABLE")
            raise ApiError(403, "Quota exceeded for the current request.", "quotaExceeded", domain="usageLimits")

    def enter(self, method: str, user: str, group: str | None) -> str:
        """One call more is under way: of a user, or for the archive of ``group``.  What :meth:`leave` wants to hear.

        Raises ApiError when that is one too many at a time.
        """
        if group is not None and method.startswith("groupsmigration."):
            place = f"archive {group.lower()}"
            if self._under_way[place]:
                raise _in_parallel()
        else:
            place, cap = user, self.world.manners.user_concurrency
            if cap is not None and method.startswith("gmail.") and self._under_way[place] >= cap:
                raise _too_many_at_a_time()
        self._under_way[place] += 1
        return place

    def leave(self, place: str) -> None:
        """A call has been answered."""
        self._under_way[place] -= 1

    def forget(self) -> None:
        """Begin with full buckets."""
        self._buckets.clear()
        self.spent.clear()

    def _take(self, kind: str, who: str, amount: float, a_minute: int) -> bool:
        now = self.world.clock.now()
        burst = self.world.manners.burst
        bucket = self._buckets.get((kind, who))
        if bucket is None:
            bucket = self._buckets[kind, who] = Bucket(a_minute / 60 * burst, now)
        return bucket.take(amount, a_minute, burst, now)


def units_of(method: str) -> int:
    """What a method of the Gmail API costs."""
    return _UNITS.get(method.removeprefix("gmail.users."), _OTHERWISE)


def _in_parallel() -> ApiError:
    """https://developers.google.com/workspace/admin/groups-migration/v1/limits: one group, one message at a time."""
    return ApiError(
        400, "UNSUPPORTED_PARALLEL_OPERATION", "unsupportedParallelOperation", "FAILED_PRECONDITION"
    )  # fmt: skip


def _too_many_at_a_time() -> ApiError:
    return ApiError(429, "Too many concurrent requests for user.", "rateLimitExceeded", "RESOURCE_EXHAUSTED")


def _exceeded(limit: str, name: str, value: int) -> ApiError:
    consumer = f"project_number:{PROJECT_NUMBER}"
    return ApiError(
        403,
        f"Quota exceeded for quota metric 'Queries' and limit '{limit}' of service 'gmail.googleapis.com' for consumer "
        f"'{consumer}'.",
        "rateLimitExceeded",
        "RESOURCE_EXHAUSTED",
        domain="usageLimits",
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "RATE_LIMIT_EXCEEDED",
                "domain": "googleapis.com",
                "metadata": {
                    "service": "gmail.googleapis.com",
                    "quota_metric": "gmail.googleapis.com/default",
                    "quota_limit": name,
                    "quota_limit_value": str(value),
                    "consumer": f"projects/{PROJECT_NUMBER}",
                },
            }
        ],
    )
