"""Making a user, and giving and taking a licence: what the directory, the licensing API and tests all do."""

from __future__ import annotations

from migrate.sandbox.google.errors import Json
from migrate.sandbox.google.world import PRODUCT, SKU, World


def new_user(world: World, email: str, *, admin: bool = False, sku: str | None = SKU, **fields: object) -> str:
    """Make a user and return its id.  ``fields`` is what the directory tells besides."""
    user = str(100_000_000_000_000_000_000 + world.number("user"))
    row: Json = {
        "email": email.lower(),
        "aliases": [],
        "admin": admin,
        "suspended": False,
        "gmail": True,
        "created": world.clock.now(),
        "deleted": None,
        "licensed_at": None,
        "mailbox_delay": world.manners.mailbox_delay,
        "fields": fields,
    }
    world.users.put(user, row)
    if sku is not None:
        give_licence(world, user, PRODUCT, sku)
    return user


def give_licence(world: World, user: str, product: str, sku: str) -> None:
    """Assign a licence; with the first one Google begins to make the mailbox."""
    world.licences.put(f"{product}/{user}", {"product": product, "sku": sku, "user": user})
    row = world.users[user]
    if product == PRODUCT and row["licensed_at"] is None:
        world.users.put(user, {**row, "licensed_at": world.clock.now()})


def take_licence(world: World, user: str, product: str) -> None:
    """Take a licence away; the mailbox is closed and its mail stays."""
    world.licences.drop(f"{product}/{user}")
    if product == PRODUCT:
        world.users.put(user, {**world.users[user], "licensed_at": None})
