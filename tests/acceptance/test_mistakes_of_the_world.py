"""What goes wrong outside the plan: said in words, with what to do, the right exit code and no traceback."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.full import quota
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, Organisation, imap, organisation
from tests.conftest import DovecotFactory, _entered
from tests.servers.certificates import Certificates, expired, fingerprint
from tests.servers.dovecot import find_dovecot, running_dovecot
from tests.servers.mail import holdings, seed
from tests.servers.process import free_port
from tests.servers.server import ImapServer

SOURCE = {"en": "the source cannot be read", "fr": "la source ne peut pas être lue"}
TARGET = {"en": "the target cannot be signed in to", "fr": "impossible de se connecter à la cible"}

PIN = {
    "en": "If it must be trusted as it is: have its administrator read you the certificate's sha256 fingerprint over"
    " the telephone, and only if it is the same as here, write under this system in organisation.yaml:"
    " certificate_pin: sha256:{}",
    "fr": "S’il faut l’accepter tel quel : faites-vous lire au téléphone, par son administrateur, l’empreinte sha256 du"
    " certificat, et seulement si c’est la même qu’ici, écrivez sous ce système dans organisation.yaml :"
    " certificate_pin: sha256:{}",
}


@pytest.fixture(params=["en", "fr"])
def plan(request: pytest.FixtureRequest, place: Path, old: ImapServer, new: ImapServer, user: str) -> Organisation:
    seed(old, user, [letter(1), letter(2)])
    made = organisation(place, imap(old.port), imap(new.port), source_user=user, target_user=user)
    made.language = request.param
    made.write()
    return made


def typeset(french: str) -> str:
    """With the spaces that do not break before a colon, and before ; and ?."""
    return re.sub(" (?=[;?])", "\u202f", french.replace(" : ", "\u00a0: "))


def said(
    plan: Organisation, code: int, en: str, fr: str, command: str = "check", side: Mapping[str, str] = SOURCE
) -> None:
    """The command ends with this code, and says exactly that of the mailbox in a line of its own."""
    message = {"en": en, "fr": fr}[plan.language]
    where = f"{side[plan.language]}: " if command == "check" else ""
    line = f"anna@example.org: {where}{message}"
    if plan.language == "fr":
        line = typeset(line.replace("org: ", "org : ").replace(f"{side['fr']}: ", f"{side['fr']} : "))
    ended = plan.run(command, SITE)
    assert line in ended.out.splitlines(), ended.out
    assert ended.code == code
    assert "Traceback" not in ended.out + ended.err


@pytest.mark.parametrize("command", ["check", "copy", "folders", "adopt"])
def test_a_wrong_password(plan: Organisation, command: str) -> None:
    plan.passwords = {"anna@example.org": ("falsches-Kennwort", "falsches-Kennwort")}
    plan.write()
    said(
        plan,
        7,
        "127.0.0.1: does not let this account in (AUTHENTICATIONFAILED). Look at the user name in the people file and "
        "the password in the passwords file (bascule secrets status tries them all); some providers also want IMAP to "
        "be switched on, or an app password.",
        "127.0.0.1 : ne laisse pas entrer ce compte (identifiant ou mot de passe refusé) (AUTHENTICATIONFAILED). "
        "Vérifiez l’identifiant dans le fichier des personnes et le mot de passe dans le fichier des mots de passe "
        "(bascule secrets status les essaie tous) ; certains hébergeurs veulent aussi que l’accès IMAP soit activé, "
        "ou un mot de passe d’application.",
        command,
    )


def test_what_went_wrong_is_told_later_in_the_language_of_who_asks(plan: Organisation) -> None:
    plan.passwords = {"anna@example.org": ("falsches-Kennwort", "falsches-Kennwort")}
    plan.write()
    assert plan.run("copy", SITE).code == 7
    (told,) = plan.run("status", "--json").json["sites"][SITE]
    assert told["last_error"] == "127.0.0.1: does not let this account in (AUTHENTICATIONFAILED)"
    for plan.language, line in (
        ("en", "anna@example.org: 127.0.0.1: does not let this account in (AUTHENTICATIONFAILED)"),
        ("fr", (
            "anna@example.org : 127.0.0.1 : ne laisse pas entrer ce compte (identifiant ou mot de passe refusé) "
            "(AUTHENTICATIONFAILED)"
        )),
    ):  # fmt: skip
        plan.write()
        assert typeset(line) in plan.run("status").out.splitlines()


@pytest.mark.parametrize("command", ["check", "copy"])
def test_an_unknown_host(plan: Organisation, command: str) -> None:
    plan.systems["old"]["host"] = "mail.old.invalid"
    plan.write()
    said(
        plan,
        6,
        "mail.old.invalid: there is no host of this name; look at host in the plan (DNS). Look at host in "
        "organisation.yaml for a slip of the pen, and at this machine's name servers.",
        "mail.old.invalid : il n’y a pas de machine de ce nom ; voyez host dans le plan (DNS). Vérifiez dans "
        "organisation.yaml que host est sans faute de frappe, et vérifiez les serveurs DNS de cette machine.",
        command,
    )


@pytest.mark.parametrize(("system", "side"), [("old", SOURCE), ("new", TARGET)], ids=["old", "new"])
def test_a_wrong_port_where_nobody_answers(plan: Organisation, system: str, side: Mapping[str, str]) -> None:
    plan.systems[system]["port"] = free_port()
    plan.write()
    said(
        plan,
        6,
        "127.0.0.1: cannot be reached (ECONNREFUSED). Nothing answers on this port: look at host, port and tls in "
        "organisation.yaml, and at the firewalls between.",
        "127.0.0.1 : est injoignable (ECONNREFUSED). Rien ne répond sur ce port : vérifiez host, port et tls dans "
        "organisation.yaml, et les pare-feu entre les deux.",
        side=side,
    )


@pytest.mark.parametrize("command", ["check", "copy"])
def test_the_port_of_something_else(plan: Organisation, command: str) -> None:
    """Implicit TLS on the plain port."""
    plan.systems["old"]["tls"] = "implicit"
    plan.write()
    said(
        plan,
        6,
        "127.0.0.1: no TLS could be agreed on (does this port speak TLS, and a version that is allowed here?) "
        "(WRONG_VERSION_NUMBER). Look at this system in organisation.yaml.",
        "127.0.0.1 : pas de TLS en commun (ce port parle-t-il TLS, et dans une version admise ici ?) "
        "(WRONG_VERSION_NUMBER). Vérifiez ce système dans organisation.yaml.",
        command,
    )


def test_tls_where_the_plan_says_plain(plan: Organisation, old: ImapServer) -> None:
    assert old.tls_port is not None
    plan.systems["old"].update(port=old.tls_port, timeout=1)
    plan.write()
    said(
        plan,
        6,
        "127.0.0.1: no answer in time (ETIMEDOUT). Look at host and port in organisation.yaml, and at the firewalls "
        "between.",
        "127.0.0.1 : pas de réponse à temps (ETIMEDOUT). Vérifiez host et port dans organisation.yaml, et les pare-feu "
        "entre les deux.",
    )


@pytest.mark.parametrize("command", ["check", "copy"])
def test_an_expired_certificate(plan: Organisation, certificates: Certificates, command: str) -> None:
    outdated = expired(certificates)
    with ExitStack() as stack:
        server = _entered(stack, running_dovecot(outdated))
        plan.systems["new"] = {
            "connector": "imap", "host": "localhost", "port": server.tls_port, "ca_file": str(certificates.authority)
        }  # fmt: skip
        plan.write()
        said(
            plan,
            6,
            "localhost: the server's certificate has expired (X509 10). The administrator of that server must renew "
            "the certificate; until then nothing is sent there. " + PIN["en"].format(fingerprint(outdated)),
            "localhost : le certificat du serveur a expiré (X509 10). L’administrateur de ce serveur doit renouveler "
            "le certificat ; d’ici là, rien n’y est envoyé. " + PIN["fr"].format(fingerprint(outdated)),
            command,
            TARGET,
        )


def test_a_certificate_that_is_not_trusted(plan: Organisation, old: ImapServer, certificates: Certificates) -> None:
    plan.systems["old"].update(port=old.tls_port, tls="implicit", host="localhost")
    plan.write()
    said(
        plan,
        6,
        "localhost: the server's certificate is not trusted: its authority is not known on this machine (if it is "
        "right, name its authority with ca_file) (X509 20). Look at this system in organisation.yaml. "
        + PIN["en"].format(fingerprint(certificates)),
        "localhost : le certificat du serveur n’est pas reconnu : son autorité n’est pas connue sur cette machine "
        "(s’il est bon, indiquez son autorité par ca_file) (X509 20). Vérifiez ce système dans organisation.yaml. "
        + PIN["fr"].format(fingerprint(certificates)),
    )


@pytest.fixture(params=["en", "fr"])
def full(
    request: pytest.FixtureRequest, place: Path, old: ImapServer, dovecot: DovecotFactory, user: str
) -> tuple[Organisation, ImapServer]:
    """Twenty messages to copy, and room for a third of them."""
    target = dovecot(settings=quota(20, find_dovecot()[1]))
    seed(old, f"full-{user}", [letter(number, size=3000, folder=("INBOX",)) for number in range(20)])
    made = organisation(place, imap(old.port), imap(target.port, batch=2), source_user=f"full-{user}")
    made.language = request.param
    made.write()
    return made, target


def test_a_full_server(full: tuple[Organisation, ImapServer]) -> None:
    plan, target = full
    said(
        plan,
        5,
        "the mailbox is full. Give the mailbox more room on that system, then run the same command again.",
        "la boîte aux lettres est pleine. Donnez plus de place à la boîte aux lettres sur ce système, puis relancez la "
        "même commande.",
        "copy",
    )
    there = sum(stored.total() for stored in holdings(target, "anna").values())
    assert 0 < there < 20
    told = plan.run("status", "--json").json["sites"][SITE][0]
    assert told["outcomes"] == {**told["outcomes"], "stored": there, "pending": 20 - there}
    configuration = target.folder / "dovecot.conf"
    configuration.write_text(re.sub(r"(storage(_size)? ?=) ?20K", r"\g<1>2000K", configuration.read_text()))
    target.restart()
    assert plan.copy().code == 0
    assert sum(stored.total() for stored in holdings(target, "anna").values()) == 20


@pytest.mark.parametrize("command", ["check", "copy", "folders"])
def test_a_passwords_file_that_others_can_read(plan: Organisation, command: str) -> None:
    secrets = plan.folder / "secrets" / f"{SITE}.csv"
    secrets.chmod(0o644)
    said(
        plan,
        7,
        f"file:secrets/paris.csv can be read by others on this machine. Run: chmod 600 {secrets}",
        f"file:secrets/paris.csv est lisible par d’autres sur cette machine. Lancez : chmod 600 {secrets}",
        command,
    )


@pytest.mark.parametrize("command", ["check", "copy"])
def test_a_passwords_file_that_is_missing(plan: Organisation, command: str) -> None:
    secrets = plan.folder / "secrets" / f"{SITE}.csv"
    secrets.unlink()
    said(
        plan,
        7,
        f"file:secrets/paris.csv: there is no file {secrets}. Make it, readable by you only.",
        f"file:secrets/paris.csv : il n’y a pas de fichier {secrets}. Créez-le, lisible par vous seul.",
        command,
    )


@pytest.mark.parametrize("command", ["check", "copy"])
def test_a_passwords_file_that_is_a_folder(plan: Organisation, command: str) -> None:
    """What root cannot read either; for others it may be a file of somebody else's."""
    secrets = plan.folder / "secrets" / f"{SITE}.csv"
    secrets.unlink()
    secrets.mkdir(mode=0o700)
    said(
        plan,
        7,
        "file:secrets/paris.csv cannot be read: Is a directory.",
        "file:secrets/paris.csv est illisible : c’est un dossier (Is a directory).",
        command,
    )


@pytest.mark.parametrize("command", ["check", "copy"])
def test_a_secret_whose_variable_is_not_set(plan: Organisation, command: str) -> None:
    plan.people[0]["source_password"] = "env:BASCULE_TEST_NOT_SET"
    plan.write()
    said(
        plan,
        7,
        "The environment variable BASCULE_TEST_NOT_SET is not set. Set it in this terminal and try again.",
        "La variable d’environnement BASCULE_TEST_NOT_SET n’est pas définie. Définissez-la dans ce terminal et "
        "réessayez.",
        command,
    )


def test_a_connection_that_is_tried_again_says_so_and_why(plan: Organisation) -> None:
    plan.systems["new"]["port"] = free_port()
    plan.write()
    ended = plan.run("check", SITE)
    line = {
        "en": "anna@example.org: 127.0.0.1: cannot be reached (ECONNREFUSED); trying again in 1 s",
        "fr": typeset("anna@example.org : 127.0.0.1 : est injoignable (ECONNREFUSED) ; nouvel essai dans 1 s"),
    }[plan.language]
    assert line in ended.err.splitlines(), ended.err
