"""Writes the tables of keys in docs/plan.md from the models that read a plan: python scripts/plan_reference.py

A table stands between ``<!-- keys: Model -->`` and ``<!-- end of keys -->``; ``nested: one two`` takes the keys of
these groups into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from connectors.google_workspace.settings import GoogleSettings
from connectors.imap.settings import ImapSettings
from connectors.microsoft365.settings import Microsoft365Settings
from connectors.pop3.settings import Pop3Settings
from plans.files import OrganisationFile
from plans.folder_rules import FolderRules
from plans.site_file import LeaveOutEntry, SiteFile
from plans.system_file import AccountsEntry, SystemEntry
from plans.wording import models_in

PAGE = Path(__file__).parents[1] / "docs" / "plan.md"
MODELS: dict[str, type[BaseModel]] = {
    model.__name__: model
    for model in (
        OrganisationFile,
        SystemEntry,
        AccountsEntry,
        ImapSettings,
        Pop3Settings,
        GoogleSettings,
        Microsoft365Settings,
        SiteFile,
        FolderRules,
        LeaveOutEntry,
    )
}
_TABLE = re.compile(
    r"(?P<start><!-- keys: (?P<model>\w+)(?:; nested: (?P<nested>[\w ]+))? -->\n).*?(?P<end><!-- end of keys -->)",
    re.DOTALL,
)


def rendered(page: str) -> str:
    """The page with all its tables written anew."""
    return _TABLE.sub(lambda found: f"{found['start']}{_table(found)}{found['end']}", page)


def _table(found: re.Match[str]) -> str:
    nested = (found["nested"] or "").split()
    rows = _rows(MODELS[found["model"]], nested)
    return "\n".join(["| key | is |", "|---|---|", *rows]) + "\n"


def _rows(model: type[BaseModel], nested: list[str], before: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = field.alias or name
        assert field.description, f"{model.__name__}.{name} has no description"
        required = "; required" if field.is_required() and not before else ""
        yield f"| {before}`{key}` | {field.description}{required} |"
        if key in nested:
            yield from _rows(next(models_in(field.annotation)), [], f"`{key}`: ")


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
