"""Whatever an export holds, it is read or told to be none, and whatever a people file holds, it is added to or not."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from plans import PlanError
from plans.exports import FORMATS, Found, NotAnExport, read_export
from plans.people import people_in_csv
from plans.people_file import merged

SIGNS = (
    "email",
    "dn: x",
    "mail: a@b.example",
    "# name a@b.example",
    "a@b.example",
    "sep=;",
    "#TYPE x",
    "X'c3'",
    "SMTP:",
)
LINES = st.lists(st.sampled_from((*SIGNS, '"', ";", "\n", " "))).map("\n".join)
TYPED = st.text("a@.é;,:|\t\"'<># \n\r=+", max_size=40)
TEXTS = st.one_of(
    st.binary(),
    st.text().map(str.encode),
    TYPED.map(lambda text: f"email;dn:name,{text}".encode()),
    LINES.map(str.encode),
)
TABLES = st.builds(
    lambda first, rows, encoding: (first + rows).encode(encoding),
    st.sampled_from(["address;name\n", "sep=,\r\nNom,Adresse\r\n", "aliases\taddress\r"]),
    TYPED,
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"]),
)


@given(TEXTS, st.sampled_from([None, *FORMATS]))
@example(b"#TYPE x", None)
@example(b"sep=;", None)
@example(b"sep=;\n", "google")
@example(b"\xff\xfe", None)
def test_any_bytes_are_an_export_or_none(data: bytes, key: str | None) -> None:
    with suppress(NotAnExport):
        read_export(data, key)


@given(st.one_of(TEXTS, TABLES), st.sampled_from(["en", "fr"]))
@settings(max_examples=400)
@example(b"address", "en")
@example(b"sep=;\naddress\nx@b.example", "fr")
def test_any_people_file_is_added_to_below_or_refused(data: bytes, language: str) -> None:
    new = Found("new@b.example", 'A "quoted"; name, é', aliases=("n@b.example",))
    try:
        merge = merged(data, "f.csv", [new], language)
    except PlanError:
        return
    before, _ = people_in_csv(data, "f.csv", "new")
    after, _ = people_in_csv(merge.data, "f.csv", "new")
    assert [one.person for one in after][: len(before)] == [one.person for one in before]
    assert [one.person.address for one in after][len(before) :] == [one.address for one in merge.added]
