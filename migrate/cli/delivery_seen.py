"""What a run of probes proved, kept for the rollout."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.cli.observing import observe
from migrate.cli.organisation import Place
from migrate.delivery.judging import Proof, Verdict


def keep_probes(place: Place, site: str, verdicts: Sequence[Verdict]) -> None:
    """Which routes are proved; and, by themselves, those from the new side to people who have not moved.

    Such mail is lost in silence where somebody who works in the old mailbox has an account on the new side already.
    """
    by = f"bascule delivery probe {site}"
    proved = {one.probe.route.label: one.proof is Proof.PROVED for one in verdicts}
    observe(place, "site", site, "probes", proved, by, whole=True)
    back = {
        one.probe.route.address: one.proof is Proof.PROVED
        for one in verdicts
        if one.probe.route.sender == "new" and one.probe.route.whom == "not-moved"
    }
    # Where everybody has moved, there is nobody whom a route would have to lead back to.
    observe(place, "site", site, "routes", back or {"": True}, by, whole=True)
