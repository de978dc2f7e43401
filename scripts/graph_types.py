"""The table of Graph's types that the stand-in judges requests by, from the vendor's own machine-made Python models.

    pip download --no-deps msgraph-sdk && python scripts/graph_types.py msgraph_sdk-*.whl

Names, types, enumerations and what is read-only are facts of Microsoft's API description; nothing else is taken over.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from zipfile import ZipFile

TABLE = Path(__file__).parents[1] / "migrate" / "sandbox" / "microsoft" / "graph" / "types.json"
WANTED = (
    "Entity", "DirectoryObject", "User", "PasswordProfile", "AssignedLicense", "Group", "Domain", "DomainDnsRecord",
    "DomainDnsMxRecord", "DomainDnsTxtRecord", "DomainDnsCnameRecord", "DomainDnsSrvRecord", "SubscribedSku",
    "LicenseUnitsDetail", "ServicePlanInfo", "CompanySubscription", "LicenseDetails", "OutlookItem", "Message",
    "MailFolder", "OutlookCategory", "Recipient", "EmailAddress", "ItemBody", "FollowupFlag", "DateTimeTimeZone",
    "Organization", "VerifiedDomain", "ServicePrincipal",
)  # fmt: skip
_MODELS = "msgraph/generated/models"
_PRIMITIVES = {
    "str": "Edm.String", "bool": "Edm.Boolean", "int": "Edm.Int32", "float": "Edm.Double",
    "datetime": "Edm.DateTimeOffset", "date": "Edm.Date", "uuid": "Edm.Guid", "UUID": "Edm.Guid", "bytes": "Edm.Binary",
}  # fmt: skip
_FIELD = re.compile(r'"([^"]+)": lambda n : setattr\(self, \'(\w+)\', n\.get_(\w+?)_values?\((.*?)\)\)')
_NOTE = re.compile(r"    # (.*)\n    (\w+): ")
_BASE = re.compile(r"^class \w+\((\w+), ", re.MULTILINE)
_MEMBER = re.compile(r'^    \w+ = "(.*?)"', re.MULTILINE)


def main(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        table = {_graph(name): _described(archive, name) for name in WANTED}
    TABLE.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _described(archive: ZipFile, name: str) -> dict[str, object]:
    text = _source(archive, name)
    base = _BASE.search(text)
    notes = {field: note for note, field in _NOTE.findall(text)}
    properties = {}
    for wire, field, kind, argument in _FIELD.findall(text):
        described: dict[str, object] = {"type": _typed(kind, argument)}
        if "collection" in kind:
            described["many"] = True
        if "enum" in kind:
            described["enum"] = _MEMBER.findall(_source(archive, argument))
        # "Read-only for users synced from the on-premises directory" is about others.
        if re.search(r"\bRead-only(?! for)\b", notes.get(field, ""), re.IGNORECASE):
            described["read_only"] = True
        properties[wire] = described
    inherits = base[1] if base is not None and base[1] in WANTED else None
    return {"base": _graph(inherits) if inherits else None, "properties": properties}


def _typed(kind: str, argument: str) -> str:
    if "object" in kind or "enum" in kind:
        return _graph(argument)
    return _PRIMITIVES[argument if "collection" in kind else kind]


def _graph(name: str) -> str:
    return name[0].lower() + name[1:]


def _source(archive: ZipFile, name: str) -> str:
    file = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
    return archive.read(f"{_MODELS}/{file}.py").decode()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
