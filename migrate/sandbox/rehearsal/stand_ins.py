"""The stand-in of a site's target: the one of its kind where there is one, else a judge of what is documented.

Everything is on this machine: a folder below the organisation's state, and the loopback.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.contract import Body, Connector, Resources
from connectors.language import _
from connectors.presets import Preset, find, of_host
from connectors.registry import connector_class
from connectors.secret_setting import Secret
from migrate.copy.kept import KeptMail
from migrate.engine.jobs import SiteRules
from migrate.sandbox.child import NotStarted
from migrate.sandbox.rehearsal.judge import Judge, JudgeSettings, TargetRules
from plans import Person, Site, System

if TYPE_CHECKING:
    from migrate.sandbox.google.started import GoogleStandIn

#: Units of Google's quota in a rehearsal: what the source gives is measured, and the quota counts in the forecast.
_NO_QUOTA = 10**12
#: As Exchange counts megabytes, in which a plan says its limit.
_EXCHANGE_MB = 1_048_576


class NoStandIn(Exception):
    """A stand-in cannot be started; worded for who has to do something about it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A stand-in that is ready: what to write to, and how it is called in reports."""

    connect: Callable[[Resources], Connector]
    system: System
    kind: str
    #: The documented rules that it judges by, for reports.
    max_message: int | None
    preset: str | None
    #: Takes away what a user has there beside these keys, where that is needed before a rehearsal goes on.
    keep_only: Callable[[str, Collection[str]], None] | None = None


class Unkept(KeptMail):
    """Originals would be kept by a copy; a rehearsal keeps none, so that it fills no disk."""

    def keep(self, mailbox: str, digest: bytes, body: Body) -> None:
        """Nothing."""


@contextmanager
def standing_in(target: System, people: Sequence[Person], folder: Path, name: str) -> Iterator[Standing]:
    """The stand-in of a target for these people; ``name`` is what the system is called meanwhile.

    Raises NoStandIn when one cannot be started.
    """
    if target.connector == "google_workspace":
        with _google(target, people, folder / "google", name) as standing:
            yield standing
        return
    preset = preset_of(target)
    rules = _rules(target, preset)
    judge = Judge(rules, folder / "target.sqlite")
    system = _system(target, name, "rehearsal", JudgeSettings())
    yield Standing(
        lambda _resources: judge, system, "documented", rules.max_message, preset.name if preset is not None else None
    )


def judged_by(target: System, site: Site) -> str:
    """A digest of all that the judgement of a message rests on, besides the message and the source."""
    told = {
        "version": version("bascule"),
        "rules": SiteRules(site).digest(),
        "repair": site.repair,
        "connector": target.connector,
        "settings": target.settings.model_dump(mode="json", include={"keywords"}),
        "documented": asdict(_rules(target, preset_of(target))),
    }
    return sha256(json.dumps(told, sort_keys=True, default=_as_text).encode()).hexdigest()


def _as_text(value: object) -> object:
    """What JSON does not know: the sets and the measure of rules for names."""
    return sorted(value) if isinstance(value, frozenset) else getattr(value, "__qualname__", str(value))


def _rules(target: System, preset: Preset | None) -> TargetRules:
    return TargetRules(
        preset.title if preset is not None else target.name,
        _longest(target, preset),
        None if preset is None else preset.name_rules,
        None if preset is None or preset.limits is None else preset.limits.longest_line,
    )


def preset_of(target: System) -> Preset | None:
    """What is known of a target: by the preset that the plan names, its connector, or its host."""
    named = find(target.preset) if target.preset else None
    return (
        named
        or find({"google_workspace": "google"}.get(target.connector, target.connector))
        or of_host(str(getattr(target.settings, "host", "")))
    )


def _longest(target: System, preset: Preset | None) -> int | None:
    """The longest message: as the plan says the customer has set it, else as documented."""
    said = getattr(target.settings, "max_message", None)
    if target.connector == "microsoft365" and isinstance(said, int):
        return said * _EXCHANGE_MB
    return None if preset is None or preset.limits is None else preset.limits.max_message


@contextmanager
def _google(target: System, people: Sequence[Person], state: Path, name: str) -> Iterator[Standing]:
    if find_spec("httptools") is None:
        raise NoStandIn(
            _("The stand-in of Google needs the extra sandbox: {command}").format(
                command=f"{sys.executable} -m pip install 'bascule[sandbox]'"
            )
        )
    from migrate.sandbox.google.started import running_google  # a child process, for such a target only

    admin = str(getattr(target.settings, "admin", "admin@example.org"))
    state.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as stack:
        try:
            google = stack.enter_context(running_google(state=state, domain=admin.partition("@")[2]))
        except NotStarted as error:
            raise NoStandIn(_("The stand-in of Google did not start: {cause}").format(cause=error)) from error
        google.manners(keep_bodies=False)
        google.add_users([admin, *(person.target_user for person in people)], admin=admin)
        text = json.dumps(google.control("key"))
        settings = target.settings.model_copy(
            update={
                "endpoint": google.endpoint,
                "key": Secret("file:of-the-stand-in").fetched_by(lambda: text),
                "settle": 0.0,
                "user_units_per_minute": _NO_QUOTA,
                "project_units_per_minute": _NO_QUOTA,
            }
        )
        make: Callable[..., Connector] = connector_class(target.connector)
        preset = preset_of(target)
        yield Standing(
            lambda resources: make(settings, resources),
            _system(target, name, target.connector, settings),
            "google_workspace",
            _longest(target, preset),
            preset.name if preset is not None else None,
            lambda user, known: _keep_only(google, user, known),
        )


def _keep_only(google: GoogleStandIn, user: str, known: Collection[str]) -> None:
    for held in google.mailbox(user, bodies=False):
        if held.id not in known:
            google.remove(user, held.id)


def _system(target: System, name: str, connector: str, settings: object) -> System:
    """The target as a system of its own: none of its limits, which are the real one's, are used up or waited for."""
    return System(
        name=name,
        connector=connector,
        settings=settings,  # type: ignore[arg-type]  # a model, as its connector made it
        max_sessions=target.max_sessions,
        bandwidth=None,
        messages_per_second=None,
        master=None,
    )
