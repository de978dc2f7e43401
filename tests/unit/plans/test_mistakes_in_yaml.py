"""Mistakes in the writing of YAML, each with the exact words that a person reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plans import Problem
from plans.yaml_file import read_yaml

Complaints = Callable[[dict[str, str | bytes | None]], list[str]]


def said(text: str) -> list[str]:
    return [str(problem) for problem in read_yaml(text.encode(), "a.yaml")[1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.yaml: This file is empty."),
        ("# only notes\n", "a.yaml: This file is empty."),
        (
            "systems:\n\told:\n",
            "a.yaml:2:1: There is a tab here; YAML does not take tabs. Use spaces instead.",
        ),
        (
            "name:\tMéridional\n",
            "a.yaml:1:6: There is a tab here; YAML does not take tabs. Use spaces instead.",
        ),
        (
            "name: one\nlanguage: fr\nname: two\n",
            'a.yaml:3:1: The key "name" is here for the second time. The first is on line 1; keep one of the two.',
        ),
        (
            "name: Méridional: Lyon\n",
            (
                'a.yaml:1:17: A colon stands where no key can be. Put a text that contains ": " in quotes, '
                "and check that this line starts under the one it belongs with."
            ),
        ),
        (
            "name: x\nlanguage fr\nsite: y\n",
            "a.yaml:2:1: A colon is missing after this key. Write key: value, with a space.",
        ),
        (
            "old:\n    connector: imap\n   host: x\n",
            (
                "a.yaml:3:4: This line does not start in the same column as the lines it belongs with. "
                "Lines of one group start in the same column."
            ),
        ),
        (
            'name: "Méridional\nlanguage: fr\n',
            "a.yaml:1:7: A quote is opened here and never closed. Add the closing quote.",
        ),
        (
            "exclude: [Trash, Junk\nother: 1\n",
            "a.yaml:1:10: The bracket [ that is opened here is not closed. Add ] or a missing comma.",
        ),
        (
            "name: x\nexclude: [\n",
            (
                "a.yaml:3:1: A bracket or a brace that was opened before here is not closed. "
                "Add the missing ] or }, or take a comma away."
            ),
        ),
        (
            "master: {user: x\nother: 1\n",
            "a.yaml:1:9: The brace { that is opened here is not closed. Add } or a missing comma.",
        ),
        (
            "exclude: [*Perso*]\n",
            'a.yaml:1:11: A value that starts with * needs quotes. Write "*…" with double quotes around it.',
        ),
        (
            "exclude:\n  - *Perso\n",
            'a.yaml:2:5: A value that starts with * needs quotes. Write "*…" with double quotes around it.',
        ),
        (
            "name: &Co\n",
            'a.yaml:1:7: A value that starts with & needs quotes. Write "&…" with double quotes around it.',
        ),
        (
            "name: !!python/object:os.system x\n",
            'a.yaml:1:7: A value that starts with ! needs quotes. Write "!…" with double quotes around it.',
        ),
        (
            "name: @home\n",
            'a.yaml:1:7: A value that starts with @ needs quotes. Write "@…" with double quotes around it.',
        ),
        (
            "name: x\n---\nname: y\n",
            (
                "a.yaml:2:1: A second document starts here; a file holds one. "
                "Take the line with --- away, or put what follows in a file of its own."
            ),
        ),
        (
            'name: x\nca_file: "C:\\Users\\x.pem"\n',
            (
                "a.yaml:2:10: A backslash inside these double quotes does not mean itself. "
                "Use single quotes, or write \\\\ for each backslash."
            ),
        ),
        ('name: "\\UFFFFFFFF"\n', "a.yaml: A \\U inside double quotes names no character."),
        ("[a, b]: c\n", "a.yaml:1:1: A list or a group of keys stands where a key should. Put it in quotes."),
        (
            "a: b\nname: \x00\n",
            "a.yaml:2: There is an invisible control character on this line. Take the line away and type it again.",
        ),
        ("[" * 5000, "a.yaml:1:1: The brackets in this file are nested too deeply."),
        (
            "name: |x\n",
            (
                "a.yaml:1:8: This line cannot be read as YAML. "
                "Check the indentation, the quotes and the colons here and on the line above."
            ),
        ),
    ],
)
def test_a_mistake_in_yaml_is_told_in_plain_words(text: str, message: str) -> None:
    assert said(text) == [message]


def test_a_file_in_another_encoding_is_named_with_the_line_of_its_first_odd_byte() -> None:
    _, problems = read_yaml("name: x\nfull: Méridional\n".encode("cp1252"), "a.yaml")

    hint = "Save it again with the encoding UTF-8."
    assert problems == [Problem("a.yaml", 2, None, "This file is not written in UTF-8.", hint)]


def test_a_byte_order_mark_is_no_mistake() -> None:
    document, problems = read_yaml(b"\xef\xbb\xbfname: x\r\n", "a.yaml")

    assert (document.value, problems) == ({"name": "x"}, [])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("993", 993),
        ("-1", -1),
        ("1.5", 1.5),
        ("true", True),
        ("", None),
        ("~", None),
        ("0612345678", "0612345678"),
        ("+33400000000", "+33400000000"),
        ("1.10", "1.10"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2027-02-09", "2027-02-09"),
        ("yes", "yes"),
        ("nan", "nan"),
        ('"993"', "993"),
        ("'true'", "true"),
    ],
)
def test_a_plain_value_becomes_a_number_only_when_nothing_of_its_writing_is_lost(written: str, value: object) -> None:
    document, problems = read_yaml(f"key: {written}\n".encode(), "a.yaml")

    assert not problems
    assert document.value == {"key": value}
    assert isinstance(document.value, dict)
    assert type(document.value["key"]) is type(value)


def test_broken_yaml_in_one_file_does_not_hide_problems_in_another(complaints: Complaints) -> None:
    assert complaints({"organisation.yaml": "name: [x\n", "sites/lyon.csv": "adresse\nnobody\n"}) == [
        "organisation.yaml:1:7: The bracket [ that is opened here is not closed. Add ] or a missing comma.",
        'sites/lyon.csv:2: "adresse" must be a mail address. It has no @. Write it as name@company.example.',
    ]
