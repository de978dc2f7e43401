"""Runs the demo and writes what it showed as docs/images/demo.svg: python scripts/capture_demo.py [fr].

With ``fr`` in French, as docs/images/demo.fr.svg.

Run it again when the demo's words change.  Exits as the demo does, and writes nothing when a count was wrong.
"""

from __future__ import annotations

import os
import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from connectors.language import speak
from migrate.sandbox import demo

_IMAGES = Path(__file__).parents[1] / "docs" / "images"
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
    language = "fr" if sys.argv[1:] == ["fr"] else "en"
    picture = _IMAGES / ("demo.svg" if language == "en" else f"demo.{language}.svg")
    speak(language)
    console = Console(record=True, width=112, force_terminal=True, color_system="truecolor", file=StringIO())
    # As where it is installed, not as on the machine that takes the picture.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with TemporaryDirectory() as scratch:
        os.chdir(scratch)
        code = demo.run(console, Path("demo"), live=False)
        os.chdir(_IMAGES.parent)
    text = console.export_text(clear=False)
    sys.stdout.write(text)
    if code == 0:
        _IMAGES.mkdir(exist_ok=True)
        picture.write_text(
            console.export_svg(title="make demo", code_format=_FORMAT, unique_id="demo"), encoding="utf-8"
        )
    sys.exit(code)


if __name__ == "__main__":
    main()
