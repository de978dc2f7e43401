"""One archive, one file a message: the half of ``benchmarks.pst`` that is ours.

.venv/bin/python -m benchmarks.pst_export FILE.pst FOLDER|--folders|--items [NUMBER OF]

NUMBER OF: one of so many processes that read at once, each its part of every folder, as an export does it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from connectors.archives.contract import Nature, Reading
from connectors.pst.archive import open_pst


def main() -> None:
    file, out, *part = sys.argv[1:]
    number, of = map(int, part or (0, 1))
    with tempfile.TemporaryDirectory() as spool:
        archive = open_pst(Path(file), Reading(Path(spool)))
        for folder in archive.folders():
            if out == "--folders":
                continue
            count = folder.items or 0
            items = archive.some_items(folder, range(count * number // of, count * (number + 1) // of))
            if out == "--items":
                print(folder.path, sum(item.size or 0 for item in items))
                continue
            target = Path(out, folder.key)
            target.mkdir(exist_ok=True)
            for item in items:
                if item.nature is Nature.MAIL:
                    with (target / f"{item.key}.eml").open("wb") as message:
                        archive.write_message(folder, item.key, message)
        if archive.problems():
            sys.exit(f"{len(archive.problems())} problems in a sound file: {archive.problems()[0]}")
        archive.close()


if __name__ == "__main__":
    main()
