"""What the ``runbook`` commands have in common: whose documents, and the facts that they are made of."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from click.shell_completion import CompletionItem

from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.cli.delivery_results import proof_text
from migrate.cli.exit_codes import Exit
from migrate.cli.explanations import REASONS
from migrate.cli.options import plan_of
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rollout_whom import complete_subject, subject_of
from migrate.documents.gathering import ORGANISATION, Gathered, Language, Subject, Words
from plans import Organisation
from plans.problems import suggestion
from runbooks.catalogue import DOCUMENTS, Kind
from runbooks.output.document import UnknownPicture
from runbooks.output.office import OfficeMissing
from runbooks.output.pdf import PdfMissing
from runbooks.templating import TemplateProblem

#: The word for documents of the whole organisation, in the place of a site or a domain.
WHOLE = ORGANISATION.name
WORDS = Words(reason=lambda one: REASONS[one].told().what, proof=proof_text)
complete_whom = complete_subject


def complete_document(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """``SUBJECT/CODE``, as ``runbook sign`` takes it."""
    organisation = plan_of(context)
    if organisation is None:
        return []
    names = [f"{one.name}/{kind.code}" for one in subjects_of(organisation) for kind in kinds_of(one)]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def subjects_of(organisation: Organisation) -> list[Subject]:
    """Everything that documents are of: sites, domains, the organisation."""
    sites = [Subject("site", name) for name in sorted(organisation.sites)]
    return [*sites, *(Subject("domain", name) for name in sorted(organisation.domains)), ORGANISATION]


def chosen(organisation: Organisation, names: Sequence[str]) -> list[Subject]:
    """Those that were named, all where none was.  Raises :class:`Trouble`."""
    if not names:
        return subjects_of(organisation)
    return list(dict.fromkeys(subject(organisation, name) for name in names))


def subject(organisation: Organisation, name: str) -> Subject:
    """Raises :class:`Trouble`."""
    if name == WHOLE and name not in organisation.sites:
        return ORGANISATION
    found = subject_of(organisation, name)
    return Subject(found.kind, found.name)


def kinds_of(one: Subject) -> list[Kind]:
    """The documents that a subject may have."""
    return [kind for kind in DOCUMENTS.values() if kind.of == one.of]


def kind_named(code: str, among: Sequence[Kind]) -> Kind:
    """Raises :class:`Trouble`."""
    for kind in among:
        if kind.code == code:
            return kind
    known = [kind.code for kind in among]
    if code in DOCUMENTS and DOCUMENTS[code].of == "person":
        raise Trouble(_("{document} is a message: bascule messages writes it for each person.").format(document=code))
    hint = suggestion(code, known, _("Documents"))
    raise Trouble(_('There is no document "{document}" here. {hint}').format(document=code, hint=hint))


def language_of(organisation: Organisation, one: Subject) -> Language:
    """What its people read."""
    site = organisation.sites.get(one.name) if one.of == "site" else None
    return organisation.language if site is None else site.language


@contextmanager
def gathered(place: Place, organisation: Organisation) -> Iterator[Gathered]:
    """The facts of one moment; troubles of templates and files are told as such."""
    with place.ledger() as ledger, telling():
        yield Gathered.read(organisation, ledger, place.ledger_file, WORDS, time.time())


@contextmanager
def telling() -> Iterator[None]:
    """Troubles that people can do something about, as one message."""
    try:
        yield
    except TemplateProblem as error:
        raise Trouble(str(error)) from error
    except UnknownPicture as error:
        text = _('There is no picture "{name}"; a template or a note names it.')
        raise Trouble(text.format(name=error.name)) from error
    except (PdfMissing, OfficeMissing) as error:
        raise Trouble(str(error)) from error
    except UnicodeDecodeError as error:
        raise Trouble(_("A note or a template is no text in UTF-8: save it as such.")) from error
    except OSError as error:
        text = _("{path} cannot be read or written ({cause}).")
        raise Trouble(
            text.format(path=error.filename or "documents", cause=os_error_text(error)), Exit.LEDGER
        ) from error


def shown(one: Subject, kind: str) -> str:
    """A document as commands take it."""
    return f"{one.name}/{kind}"
