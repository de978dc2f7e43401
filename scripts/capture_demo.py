"""Runs the demo and writes what it showed as docs/images/demo.svg: python scripts/capture_demo.py.

Run it again when the demo's words change.  Exits as the demo does, and writes nothing when a count was wrong.
"""

from __future__ import annotations

import os
import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from migrate.sandbox import demo

_PICTURE = Path(__file__).parents[1] / "docs" / "images" / "demo.svg"
#: Without the fonts that rich would have the reader's browser fetch from elsewhere.
_FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" class="rich-terminal" viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{ font: {char_height}px monospace; line-height: {line_height}px; }}
{styles}
.{unique_id}-title {{ font: bold 18px sans-serif; }}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>\
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def main() -> None:
    console = Console(record=True, width=112, force_terminal=True, color_system="truecolor", file=StringIO())
    # As where it is installed, not as on the machine that takes the picture.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with TemporaryDirectory() as scratch:
        os.chdir(scratch)
        code = demo.run(console, Path("demo"), live=False)
        os.chdir(_PICTURE.parent.parent)
    text = console.export_text(clear=False)
    sys.stdout.write(text)
    if code == 0:
        _PICTURE.parent.mkdir(exist_ok=True)
        _PICTURE.write_text(
            console.export_svg(title="make demo", code_format=_FORMAT, unique_id="demo"), encoding="utf-8"
        )
    sys.exit(code)


if __name__ == "__main__":
    main()
