"""What ``bascule discover --out`` leaves: a plan to go on from, the order of the sites, the questions, the findings."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import yaml

from connectors.language import _
from migrate.discover.inventory import Inventory
from migrate.discover.proposing import Proposal
from migrate.discover.waves import Wave
from plans.csv_writing import write_new
from plans.exports import Found
from plans.people_file import with_people

#: Until somebody says where the mail is to go.
_NEW_HOST = "mail.new.example"
_PILOT = "pilot"


class Exists(Exception):
    """One of the files is there already, and nothing was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


def plan_files(domain: str, proposal: Proposal, language: str) -> dict[str, bytes]:
    """By their paths: ``organisation.yaml`` and a first site with its people file.  Passes ``bascule plan check``."""
    shape = {"site": _PILOT, "domain": domain, "wave": 1, "source": "old", "target": "new"}
    rest = {"people": f"{_PILOT}.csv", "passwords": f"file:secrets/{_PILOT}.csv", "leave_out": {"private": "ask"}}
    return {
        "organisation.yaml": _organisation(domain, proposal, "fr" if language == "fr" else "en").encode(),
        f"sites/{_PILOT}.yaml": _yaml(shape | rest).encode(),
        f"sites/{_PILOT}.csv": with_people([Found(f"first.last@{domain}", "First Last")], language),
    }


def sites_table(waves: Sequence[Wave], found: Mapping[str, Sequence[Inventory]]) -> bytes:
    """A line a site, in the order of the waves; sizes in bytes."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    columns = ("wave", "site", "week", "people", "looked_at", "messages", "size", "oversize", "private_folders")
    table.writerow([*columns, "pop_likely", "begin_early", "largest"])
    for one in waves:
        site, those = one.site, found.get(one.site.site, ())
        sums = [sum(each.oversize or 0 for each in those), sum(each.private_folders for each in those)]
        likely = sum(each.pop != "no-sign" for each in those)
        numbers = [one.number, site.site, one.week, site.people, site.looked_at, site.messages, site.size, *sums]
        table.writerow([*numbers, likely, " ".join(site.early), " ".join(site.largest)])
    return out.getvalue().encode()


def write_all(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write them where none of them is yet.  Raises Exists, in which case nothing is written, and OSError."""
    paths = {folder / name: data for name, data in files.items()}
    for path in paths:
        if path.exists() or path.is_symlink():
            raise Exists(path)
    for path, data in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_new(path, data)
        except FileExistsError as error:
            raise Exists(path) from error
    return list(paths)


def told_json(told: Mapping[str, object]) -> bytes:
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()


def _organisation(domain: str, proposal: Proposal, language: Literal["fr", "en"]) -> str:
    head = {"name": domain, "language": language, "time_zone": "Europe/Paris" if language == "fr" else "UTC"}
    domains = {"domains": {domain: {"mx_first": proposal.mx_first}}}
    new = _yaml({"new": {"connector": "imap", "host": _NEW_HOST}})
    target = "".join(f"  {line}\n" for line in new.splitlines())
    where = "  # " + _("Say where the mail is to go.") + "\n"
    return f"{_yaml(head)}{_yaml(domains)}# {proposal.why}\n{proposal.yaml}{where}{target}"


def _yaml(told: Mapping[str, object]) -> str:
    text: str = yaml.safe_dump(dict(told), sort_keys=False, allow_unicode=True, width=1000)
    return text
