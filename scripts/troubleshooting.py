"""Writes docs/troubleshooting.md from what the command itself explains; run it after an explanation changed."""

from __future__ import annotations

from pathlib import Path

from migrate.cli.explanations import CROWDED, EXITS, REASONS, SIGN_INS, TOO_MANY_SESSIONS

PAGE = Path(__file__).parents[1] / "docs" / "troubleshooting.md"

_HEAD = """\
# When something did not travel

`bascule not-copied SITE` lists each message that is not on the target, with a code.
`bascule explain CODE` says on the terminal what stands here.
Every command ends with a number that tells how it went; it is explained at the end of this page.
"""


def page() -> str:
    """The page, in Markdown."""
    parts = [_HEAD, "## Messages, by reason code\n"]
    for reason, text in REASONS.items():
        outcome = f" ({text.outcome.value.replace('_', ' ')})" if text.outcome else ""
        parts.append(
            f"### `{reason.value}`{outcome}\n\n{_sentence(text.what)}\n{text.why}\n\n**What to do.** {text.to_do}\n"
        )
    parts.append("## Signing in, by sign-in code\n")
    for sign_in, text in [*((denial.value, text) for denial, text in SIGN_INS.items()), (TOO_MANY_SESSIONS, CROWDED)]:
        parts.append(f"### `{sign_in}`\n\n{_sentence(text.what)}\n{text.why}\n\n**What to do.** {text.to_do}\n")
    parts.append("## Commands, by exit code\n")
    for code, text in EXITS.items():
        parts.append(
            f"### {int(code)}: {code.name}\n\n{_sentence(text.what)}\n{text.why}\n\n**What to do.** {text.to_do}\n"
        )
    return "\n".join(parts)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
