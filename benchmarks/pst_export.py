"""One archive, one file a message: the half of ``benchmarks.pst`` that is ours.

.venv/bin/python -m benchmarks.pst_export FILE.pst FOLDER|--folders|--items
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from connectors.archives.contract import Nature, Reading
from connectors.pst.archive import open_pst


def main() -> None:
    file, out = sys.argv[1:]
    with tempfile.TemporaryDirectory() as spool:
        archive = open_pst(Path(file), Reading(Path(spool)))
        for folder in archive.folders():
            if out == "--folders":
                continue
            items = archive.items(folder)
            if out == "--items":
                print(folder.path, sum(item.size or 0 for item in items))
                continue
            target = Path(out, folder.key)
            target.mkdir()
            for number, item in enumerate(items):
                if item.nature is Nature.MAIL:
                    with (target / f"{number}.eml").open("wb") as message:
                        archive.write_message(folder, item.key, message)
        if archive.problems():
            sys.exit(f"{len(archive.problems())} problems in a sound file: {archive.problems()[0]}")
        archive.close()


if __name__ == "__main__":
    main()
