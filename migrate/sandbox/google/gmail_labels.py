"""users.labels: list, get, create, patch, update, delete."""

from __future__ import annotations

from migrate.sandbox.google.call import Call, Handler
from migrate.sandbox.google.errors import Json, invalid_argument
from migrate.sandbox.google.labels import SYSTEM, Label
from migrate.sandbox.google.mailbox import Mailbox

_SETTINGS = ("messageListVisibility", "labelListVisibility", "color")


def list_labels(call: Call) -> Json:
    """Every label, Gmail's own first; without counts."""
    mailbox = call.world.opened(call.user)
    own = [_system(name) for name in SYSTEM]
    return {"labels": own + [label.told() for label in mailbox.labels]}


def get_label(call: Call) -> Json:
    """One label with its counts."""
    mailbox = call.world.opened(call.user)
    name = call.parameters["id"]
    told = _system(name) if name in SYSTEM else mailbox.labels.get(name).told()
    return told | _counts(mailbox, name)


def create(call: Call) -> Json:
    """A new label."""
    mailbox = call.world.opened(call.user)
    label = mailbox.labels.create(call.body["name"], _settings(call.body), call.world.manners.max_labels)
    mailbox.keep_label(label)
    return label.told()


def patch(call: Call) -> Json:
    """Change what is said, leave the rest."""
    mailbox = call.world.opened(call.user)
    label = _changeable(call, mailbox)
    return _changed(call, mailbox, label.settings | _settings(call.body), call.body.get("name", label.name))


def update(call: Call) -> Json:
    """Change all of it."""
    mailbox = call.world.opened(call.user)
    label = _changeable(call, mailbox)
    if call.body["id"] != label.id:
        raise invalid_argument("Label id does not match the request")
    return _changed(call, mailbox, _settings(call.body), call.body["name"])


def delete(call: Call) -> None:
    """Take a label away, and off every message."""
    mailbox = call.world.opened(call.user)
    mailbox.remove_label(_changeable(call, mailbox).id)


HANDLERS: dict[str, Handler] = {
    "gmail.users.labels.list": list_labels,
    "gmail.users.labels.get": get_label,
    "gmail.users.labels.create": create,
    "gmail.users.labels.patch": patch,
    "gmail.users.labels.update": update,
    "gmail.users.labels.delete": delete,
}


def _system(name: str) -> Json:
    return {"id": name, "name": name, "type": "system"}


def _changeable(call: Call, mailbox: Mailbox) -> Label:
    if call.parameters["id"] in SYSTEM:
        raise invalid_argument("Invalid delete request" if call.method.id.endswith("delete") else "Invalid label")
    return mailbox.labels.get(call.parameters["id"])


def _changed(call: Call, mailbox: Mailbox, settings: Json, name: str) -> Json:
    label = mailbox.labels.change(call.parameters["id"], name, settings)
    mailbox.keep_label(label)
    return label.told()


def _settings(body: Json) -> Json:
    return {name: body[name] for name in _SETTINGS if name in body}


def _counts(mailbox: Mailbox, label: str) -> Json:
    held = [one for one in mailbox if label in one.labels]
    unread = [one for one in held if "UNREAD" in one.labels]
    return {
        "messagesTotal": len(held),
        "messagesUnread": len(unread),
        "threadsTotal": len({one.thread_id for one in held}),
        "threadsUnread": len({one.thread_id for one in unread}),
    }
