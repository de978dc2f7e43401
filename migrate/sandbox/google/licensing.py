"""The Enterprise License Manager API: who has which licence.  What was bought it does not tell.

https://developers.google.com/workspace/admin/licensing/v1/how-tos/using; products and SKUs:
https://developers.google.com/workspace/admin/licensing/v1/how-tos/products
"""

from __future__ import annotations

from functools import partial

from migrate.sandbox.google.accounts import give_licence, take_licence
from migrate.sandbox.google.addresses import precondition
from migrate.sandbox.google.call import Call, Handler
from migrate.sandbox.google.errors import ApiError, Json, invalid_argument, not_found
from migrate.sandbox.google.world import CUSTOMER, World

#: SKUs by product, with their names.
PRODUCTS = {
    "Google-Apps": {
        "1010020027": "Google Workspace Business Starter",
        "1010020028": "Google Workspace Business Standard",
        "1010020025": "Google Workspace Business Plus",
        "1010060003": "Google Workspace Enterprise Essentials",
        "1010020026": "Google Workspace Enterprise Standard",
        "1010020020": "Google Workspace Enterprise Plus",
        "1010020030": "Google Workspace Frontline Starter",
        "1010020031": "Google Workspace Frontline Standard",
    },
    "101001": {"1010010001": "Cloud Identity Free"},
    "101005": {"1010050001": "Cloud Identity Premium"},
    "Google-Vault": {"Google-Vault": "Google Vault", "Google-Vault-Former-Employee": "Google Vault - Former Employee"},
}


def insert(call: Call) -> Json:
    """Assign a licence to somebody who has none of the product."""
    call.as_admin()
    world, product, sku = call.world, *_asked(call)
    user = _user(world, call.body["userId"])
    if f"{product}/{user}" in world.licences:
        raise precondition("User already has a license for the specified product and SKU")
    _check_left(world, sku)
    give_licence(world, user, product, sku)
    return _shown(world, f"{product}/{user}")


def get(call: Call) -> Json:
    """One person's licence."""
    call.as_admin()
    return _shown(call.world, _known(call))


def change(call: Call) -> Json:
    """patch and update: another SKU of the same product."""
    call.as_admin()
    world, key = call.world, _known(call)
    wanted = call.body.get("skuId", world.licences[key]["sku"])
    product = world.licences[key]["product"]
    if call.body.get("productId", product) != product or wanted not in PRODUCTS[product]:
        raise invalid_argument("Invalid SKU")
    if wanted != world.licences[key]["sku"]:
        _check_left(world, wanted)
    world.licences.put(key, {**world.licences[key], "sku": wanted})
    return _shown(world, key)


def delete(call: Call) -> Json:
    """Take a licence away."""
    call.as_admin()
    row = call.world.licences[_known(call)]
    take_licence(call.world, row["user"], row["product"])
    return {}


def list_for_product(call: Call) -> Json:
    """Who has a licence of a product."""
    return _list(call, None)


def list_for_sku(call: Call) -> Json:
    """Who has a licence of one SKU."""
    return _list(call, call.parameters["skuId"])


HANDLERS: dict[str, Handler] = {
    "licensing.licenseAssignments.insert": insert,
    "licensing.licenseAssignments.get": get,
    "licensing.licenseAssignments.patch": change,
    "licensing.licenseAssignments.update": change,
    "licensing.licenseAssignments.delete": delete,
    "licensing.licenseAssignments.listForProduct": list_for_product,
    "licensing.licenseAssignments.listForProductAndSku": list_for_sku,
}


def _asked(call: Call) -> tuple[str, str]:
    product, sku = call.parameters["productId"], call.parameters.get("skuId")
    if product not in PRODUCTS or (sku is not None and sku not in PRODUCTS[product]):
        raise not_found("Invalid productId or skuId")
    return product, str(sku)


def _user(world: World, key: str) -> str:
    """By the primary address only: the page warns of any other key."""
    user = world.user(key)
    if user is None or world.users[user]["email"] != key.lower():
        raise not_found("User not found")
    return user


def _known(call: Call) -> str:
    product, sku = _asked(call)
    key = f"{product}/{_user(call.world, call.parameters['userId'])}"
    row = call.world.licences.get(key)
    if row is None or row["sku"] != sku:
        raise not_found("License assignment not found")
    return key


def _check_left(world: World, sku: str) -> None:
    bought = world.manners.licences.get(sku)
    if bought is not None and sum(row["sku"] == sku for row in world.licences.rows()) >= bought:
        raise precondition("There aren't enough available licenses for the specified product-SKU pair")


def _list(call: Call, sku: str | None) -> Json:
    call.as_admin()
    world, product = call.world, _asked(call)[0]
    # The customer's id or first domain; the directory's my_customer is not among what the page names.
    if call.parameters["customerId"] not in (CUSTOMER, world.primary_domain):
        raise ApiError(400, "Invalid customerId", "invalid", "INVALID_ARGUMENT")
    keys = [key for key, row in world.licences.items() if row["product"] == product and sku in (None, row["sku"])]
    page = call.page(keys, "items", partial(_shown, world), size=100, largest=1000)
    return {"kind": "licensing#licenseAssignmentList", **page}


def _shown(world: World, key: str) -> Json:
    row = world.licences[key]
    product, sku = row["product"], row["sku"]
    return {
        "kind": "licensing#licenseAssignment",
        "userId": world.users[row["user"]]["email"],
        "productId": product,
        "skuId": sku,
        "skuName": PRODUCTS[product][sku],
        "productName": "Google Workspace" if product == "Google-Apps" else PRODUCTS[product][sku],
    }
