"""The Groups Settings API and the Groups Migration API.

https://developers.google.com/workspace/admin/groups-settings/v1/reference/groups: values are strings, and which ones
there are is only told by the descriptions of the discovery document.
https://developers.google.com/workspace/admin/groups-migration/v1/reference/archive/insert: what a message must be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from migrate.sandbox.google.addresses import group_key
from migrate.sandbox.google.call import Call, Handler
from migrate.sandbox.google.discovery import load_document
from migrate.sandbox.google.errors import ApiError, Json, invalid_input
from migrate.sandbox.google.headers import bare_id, fields, read_head

_DOCUMENT = "groupssettings.v1"
_VALUE = re.compile(r"-\s+`?([A-Z][A-Z_]+|true|false)`?(?=[:\s]|$)")
#: Fields that other APIs own, or nobody.
_READ_ONLY = frozenset({"kind", "email", "customRolesEnabledForSettingsToBeMerged", "maxMessageBytes"})
#: What a new group has.
_DEFAULTS = {
    "allowExternalMembers": "false", "allowWebPosting": "true", "archiveOnly": "false",
    "default_sender": "DEFAULT_SELF",
    "enableCollaborativeInbox": "false", "favoriteRepliesOnTop": "true", "includeCustomFooter": "false",
    "includeInGlobalAddressList": "true", "isArchived": "false", "membersCanPostAsTheGroup": "false",
    "messageModerationLevel": "MODERATE_NONE", "replyTo": "REPLY_TO_IGNORE", "sendMessageDenyNotification": "false",
    "spamModerationLevel": "MODERATE", "whoCanApproveMembers": "ALL_MANAGERS_CAN_APPROVE",
    "whoCanAssistContent": "NONE", "whoCanContactOwner": "ANYONE_CAN_CONTACT",
    "whoCanDiscoverGroup": "ALL_IN_DOMAIN_CAN_DISCOVER", "whoCanJoin": "CAN_REQUEST_TO_JOIN",
    "whoCanLeaveGroup": "ALL_MEMBERS_CAN_LEAVE", "whoCanModerateContent": "OWNERS_AND_MANAGERS",
    "whoCanModerateMembers": "OWNERS_AND_MANAGERS", "whoCanPostMessage": "ANYONE_CAN_POST",
    "whoCanViewGroup": "ALL_MEMBERS_CAN_VIEW", "whoCanViewMembership": "ALL_MEMBERS_CAN_VIEW",
}  # fmt: skip
_BARE_LF = re.compile(rb"(?<!\r)\n")


def get_settings(call: Call) -> Json:
    """The settings of a group."""
    _admit(call)
    return _settings(call, group_key(call, "groupUniqueId"))


def change_settings(call: Call) -> Json:
    """patch and update: both leave what is not said."""
    _admit(call)
    world, group = call.world, group_key(call, "groupUniqueId")
    said = {name: value for name, value in call.body.items() if name not in _READ_ONLY}
    for name, value in said.items():
        allowed = allowed_values().get(name)
        if allowed and value not in allowed:
            raise invalid_input(name)
    settings = {**_DEFAULTS, **(world.group_settings.get(group) or {})}
    if said.get("archiveOnly") == "true":
        said["whoCanPostMessage"] = "NONE_CAN_POST"
    elif said.get("archiveOnly") == "false" and settings["archiveOnly"] == "true":
        said.setdefault("whoCanPostMessage", "ALL_MANAGERS_CAN_POST")
    settings |= said
    if settings["archiveOnly"] == "false" and settings["whoCanPostMessage"] == "NONE_CAN_POST":
        raise invalid_input("whoCanPostMessage")
    if settings["replyTo"] == "REPLY_TO_CUSTOM" and not settings.get("customReplyTo"):
        raise invalid_input("customReplyTo")
    row = dict(world.groups[group])
    row |= {name: settings.pop(name) for name in ("name", "description") if name in settings}
    if row != world.groups[group]:
        world.groups.put(group, row)
    world.group_settings.put(group, settings)
    return _settings(call, group)


def insert_into_archive(call: Call) -> Json:
    """Put one message into a group's archive."""
    call.as_admin()
    world, raw = call.world, call.media
    group = world.group(call.parameters["groupId"])
    settings = (world.group_settings.get(group) or {}) if group is not None else {}
    if group is None or settings.get("archiveOnly") == "true":
        raise _invalid_message("The group does not exist, or is read-only.")
    if not raw:
        raise _invalid_message("The message is empty.")
    names = {name.lower() for name, _ in fields(raw)}
    lacking = [name for name in ("From", "To", "Date") if name.lower() not in names]
    if lacking:
        raise _invalid_message(f"The message has no {' and no '.join(lacking)}.")
    if _BARE_LF.search(raw):
        raise _invalid_message("A line of the message does not end in CR LF.")
    known = read_head(raw).message_id
    held = world.archives.get(group, ())
    if not (world.manners.dedupe and known and any(read_head(one).message_id == bare_id(known) for one in held)):
        world.archive(group, raw)
    return {"kind": "groupsmigration#groups", "responseCode": "SUCCESS"}


HANDLERS: dict[str, Handler] = {
    "groupsSettings.groups.get": get_settings,
    "groupsSettings.groups.patch": change_settings,
    "groupsSettings.groups.update": change_settings,
    "groupsmigration.archive.insert": insert_into_archive,
}


@cache
def allowed_values() -> Mapping[str, frozenset[str]]:
    """What each setting may be, by its name; empty where any text may."""
    described = load_document(_DOCUMENT)["schemas"]["Groups"]["properties"]
    return {name: frozenset(_VALUE.findall(one["description"])) for name, one in described.items()}


def _admit(call: Call) -> None:
    call.as_admin()
    if call.parameters.get("alt") != "json":
        # The API speaks Atom unless it is told not to, and a client would stumble over that.
        raise ApiError(406, "The stand-in speaks JSON only: ask with alt=json.", "notAcceptable")


def _settings(call: Call, group: str) -> Json:
    row = call.world.groups[group]
    return {
        "kind": "groupsSettings#groups",
        "email": row["email"],
        "name": row["name"],
        "description": row["description"],
        **_DEFAULTS,
        **(call.world.group_settings.get(group) or {}),
    }


def _invalid_message(message: str) -> ApiError:
    return ApiError(400, f"INVALID MESSAGE FAILURE: {message}", "invalid", "INVALID_ARGUMENT")
