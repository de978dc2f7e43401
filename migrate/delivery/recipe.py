"""A recipe: ready files and steps with which the people of one server deliver a site's mail to two sides.  Data alone.

*Dual* delivery keeps the copy of the old side and sends one to the new side; *split* delivery sends each person's mail
to one side.  What leaves for the new side goes to the domain's technical domain, which belongs to the new side alone:
mail to it cannot come back, so it cannot loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Mode = Literal["dual", "split"]
Moment = Literal["on", "check", "off"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody whose mail is delivered to the new side too, or there alone.  Addresses are data: not yet escaped."""

    address: str
    #: The address on the technical domain.
    copy_to: str
    #: Further addresses of the same mailbox.
    aliases: tuple[str, ...] = ()
    name: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.address, *self.aliases


@dataclass(frozen=True, slots=True)
class Routes:
    """What a recipe is made of.  ``recipients`` in the order of their addresses."""

    site: str
    domain: str
    technical: str
    recipients: Sequence[Recipient]
    #: People of earlier recipes who are no longer of the site: taken away where a server keeps a setting a person.
    taken_away: Sequence[Recipient] = ()
    #: Takes mail for the technical domain; None where its MX says so.
    new_host: str | None = None
    #: Takes mail for people who have not moved; None when the plan does not say.
    old_host: str | None = None


@dataclass(frozen=True, slots=True)
class RecipeFile:
    """A file of a recipe.  ``goes_to``: its place on the server, empty for one that is read or run where it is."""

    name: str
    text: str
    goes_to: str = ""
    executable: bool = False


@dataclass(frozen=True, slots=True)
class RecipeStep:
    """One thing to do: by whom, what, with which command, what one must see, and what to do if not."""

    moment: Moment
    owner: str
    what: str
    command: str = ""
    see: str = ""
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All of one server for one site.  The same plan gives the same recipe, byte for byte."""

    server: str
    title: str
    mode: Mode
    site: str
    domain: str
    technical: str
    files: Sequence[RecipeFile]
    steps: Sequence[RecipeStep]
    #: What goes wrong with this server, said before it does.
    pitfalls: Sequence[str]


class CannotDeliver(Exception):
    """There is no recipe; the text says why, and what to write into the plan."""
