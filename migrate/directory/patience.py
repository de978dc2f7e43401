"""How long is waited before something is tried again."""

from __future__ import annotations

from collections.abc import Callable

import tenacity

from connectors.errors import Transient


def pause(longest: float) -> Callable[[tenacity.RetryCallState], float]:
    """Seconds before the next try: what the system asked for, else twice as long each time; at most ``longest``."""

    def seconds(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, Transient) else None
        return min(2.0 ** (state.attempt_number - 1) if asked is None else asked, longest)

    return seconds
