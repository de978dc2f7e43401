"""Which connectors are installed: ours and third parties', by the entry-point group ``bascule.connectors``."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, cast

from pydantic import BaseModel

from connectors.contract import Connector, Resources
from connectors.language import _

GROUP = "bascule.connectors"


class ConnectorClass(Protocol):
    """A connector's class: ``Settings`` validates a system of the plan, and calling it configures one."""

    @property
    def Settings(self) -> type[BaseModel]: ...  # noqa: N802  the contract names it so

    #: ``settings`` is an instance of ``Settings``, which only the connector itself can type.
    def __call__(self, settings: Any, resources: Resources) -> Connector: ...


class UnknownConnector(LookupError):
    """No connector of this name is installed."""

    def __init__(self, name: str) -> None:
        super().__init__(_('There is no connector "{name}".').format(name=name))
        self.name = name


class BrokenConnector(Exception):
    """A connector is installed and cannot be used.  ``distribution`` is the package that brought it."""

    def __init__(self, name: str, distribution: str, why: str) -> None:
        self.name = name
        self.distribution = distribution
        self.why = why
        message = _('The connector "{name}" of the package {distribution} cannot be used: {why}.')
        super().__init__(message.format(name=name, distribution=distribution, why=why))


def names() -> list[str]:
    """Names of the installed connectors, sorted.  Loads none of them."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def connector_class(name: str) -> ConnectorClass:
    """The class that this name stands for.  Raises UnknownConnector, BrokenConnector."""
    points = list(entry_points(group=GROUP, name=name))
    if not points:
        raise UnknownConnector(name)
    if len({point.value for point in points}) > 1:
        packages = ", ".join(sorted(_distribution(point) for point in points))
        raise BrokenConnector(name, packages, _("several packages bring a connector of this name"))
    return _load(points[0])


def needs_password(name: str) -> bool:
    """Whether mailboxes of this kind of system are opened with a password.  Raises as :func:`connector_class`."""
    return bool(getattr(connector_class(name), "needs_password", True))


def takes_tokens(settings: BaseModel) -> bool:
    """Whether the secrets of a system with these settings are access tokens (OAuth) and no passwords."""
    return bool(getattr(settings, "takes_tokens", False))


def _load(point: EntryPoint) -> ConnectorClass:
    try:
        loaded = point.load()
    except Exception as error:
        raise BrokenConnector(point.name, _distribution(point), f"{type(error).__name__}: {error}") from error
    settings = getattr(loaded, "Settings", None)
    if not (isinstance(settings, type) and issubclass(settings, BaseModel)):
        raise BrokenConnector(point.name, _distribution(point), _("it has no pydantic model named Settings"))
    if not all(callable(getattr(loaded, method, None)) for method in ("open_source", "open_target")):
        raise BrokenConnector(point.name, _distribution(point), _("it lacks open_source or open_target"))
    return cast("ConnectorClass", loaded)


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "unknown"
