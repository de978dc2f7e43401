"""Mistakes in plans, people files and passwords files, each with the exact words that a French person reads.

No-break spaces are written as escapes, to be seen: ``\\xa0`` before a colon, ``\\u202f`` before ``;``, ``!`` and ``?``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.language import speak
from plans import PlanError, load
from plans.passwords_file import strangers
from tests.unit.plans.conftest import ORGANISATION, SITE
from tests.unit.plans.test_mistakes_around_a_site import RIGHT, RIGHT_SITE
from tests.unit.plans.test_mistakes_in_people import refused
from tests.unit.plans.test_mistakes_in_yaml import said

Complaints = Callable[[dict[str, str | bytes | None]], list[str]]
Write = Callable[..., Path]

HOST = "    host: mail.old.example\n"
EMPTY = 'Ce fichier est vide. Sa première ligne doit contenir les en-têtes, par exemple "adresse".'
KNOWN = (
    "En-têtes connus\xa0: adresse, nom, prénom, nom de famille, utilisateur source, utilisateur cible, "
    "mot de passe source, mot de passe cible, archives, gmail, alias, groupes, licence, partagée, autres sources, "
    "programmes, langue."
)


@pytest.fixture(autouse=True)
def french(english: None) -> None:
    """After the fixture of all tests, which begins each in English."""
    speak("fr")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# rien que des notes\n", "a.yaml: Ce fichier est vide."),
        ("systems:\n\told:\n",
         ("a.yaml:2:1: Il y a une tabulation ici\u202f; YAML n’accepte pas les tabulations. "
          "Utilisez des espaces à la place.")),
        ("name: un\nlanguage: fr\nname: deux\n",
         ('a.yaml:3:1: La clé "name" apparaît ici pour la deuxième fois. '
          "La première occurrence est à la ligne 1\u202f; gardez l’une des deux.")),
        ("name: Méridional: Lyon\n",
         ("a.yaml:1:17: Un deux-points se trouve là où aucune clé ne peut être. Mettez entre guillemets un texte "
          'qui contient ": ", et vérifiez que cette ligne commence sous celle à laquelle elle se rattache.')),
        ("name: x\nlanguage fr\nsite: y\n",
         ("a.yaml:2:1: Il manque un deux-points après cette clé. "
          "Écrivez clé: valeur, avec un espace après le deux-points.")),
        ("old:\n    connector: imap\n   host: x\n",
         ("a.yaml:3:4: Cette ligne ne commence pas dans la même colonne que les autres lignes de son groupe. "
          "Les lignes d’un même groupe commencent à la même colonne.")),
        ('name: "Méridional\nlanguage: fr\n',
         "a.yaml:1:7: Un guillemet est ouvert ici et n’est jamais fermé. Ajoutez le guillemet fermant."),
        ("exclude: [Corbeille, Spam\nother: 1\n",
         "a.yaml:1:10: Le crochet [ ouvert ici n’est pas fermé. Ajoutez ] ou une virgule manquante."),
        ("name: x\nexclude: [\n",
         ("a.yaml:3:1: Plus haut, un crochet ou une accolade s’ouvre et ne se ferme pas. "
          "Ajoutez le ] ou le } manquant, ou supprimez une virgule.")),
        ("master: {user: x\nother: 1\n",
         "a.yaml:1:9: L’accolade { ouverte ici n’est pas fermée. Ajoutez } ou une virgule manquante."),
        ("exclude: [*Perso*]\n",
         ("a.yaml:1:11: Une valeur qui commence par * doit être entre guillemets. "
          'Écrivez "*…" entre guillemets doubles.')),
        ("name: &Co\n",
         ("a.yaml:1:7: Une valeur qui commence par & doit être entre guillemets. "
          'Écrivez "&…" entre guillemets doubles.')),
        ("name: @home\n",
         ("a.yaml:1:7: Une valeur qui commence par @ doit être entre guillemets. "
          'Écrivez "@…" entre guillemets doubles.')),
        ("name: x\n---\nname: y\n",
         ("a.yaml:2:1: Un deuxième document commence ici\u202f; un fichier n’en contient qu’un. "
          "Supprimez la ligne qui contient ---, ou mettez la suite dans un fichier à part.")),
        ('name: x\nca_file: "C:\\Users\\x.pem"\n',
         ("a.yaml:2:10: Entre ces guillemets doubles, la barre oblique inverse a un sens spécial. "
          "Utilisez des guillemets simples, ou écrivez \\\\ pour chaque barre oblique inverse.")),
        ('name: "\\UFFFFFFFF"\n', "a.yaml: Un \\U entre guillemets doubles ne désigne aucun caractère."),
        ("[a, b]: c\n",
         ("a.yaml:1:1: Une liste ou un groupe de clés se trouve à la place d’une clé. "
          "Mettez ce texte entre guillemets.")),
        ("a: b\nname: \x00\n",
         ("a.yaml:2: Il y a un caractère de contrôle invisible sur cette ligne. "
          "Supprimez la ligne et saisissez-la de nouveau.")),
        ("name: |x\n",
         ("a.yaml:1:8: Cette ligne n’est pas du YAML lisible. "
          "Vérifiez le retrait, les guillemets et les deux-points ici et à la ligne précédente.")),
    ],
)  # fmt: skip
def test_a_mistake_in_yaml_is_told_in_french(text: str, message: str) -> None:
    assert said(text) == [message]


def test_a_file_in_another_encoding_is_named_with_its_line(complaints: Complaints) -> None:
    assert complaints({"organisation.yaml": "language: fr\nname: Méridional\n".encode("cp1252")})[0] == (
        "organisation.yaml:2: Ce fichier n’est pas encodé en UTF-8. Enregistrez-le de nouveau avec l’encodage UTF-8."
    )


@pytest.mark.parametrize(
    ("right", "wrong", "messages"),
    [
        ("language: fr\n", "langauge: fr\n",
         ['organisation.yaml:1:1: Il manque la clé "language".',
          'organisation.yaml:2:1: Clé inconnue "langauge". Vouliez-vous dire "language"\u202f?']),
        ("name: Mér", "colour: rouge\nname: Mér",
         [('organisation.yaml:1:1: Clé inconnue "colour". '
           "Clés connues\xa0: contacts, domains, groups, language, licences, messages, name, ordering, probes, "
           "support, systems, time_zone, x500_addresses.")]),
        ("language: fr\n", "language: français\n", ['organisation.yaml:2:11: "language" doit être fr ou en.']),
        ("Europe/Paris", "Paris",
         ['organisation.yaml:3:12: "Paris" n’est pas un fuseau horaire. Vouliez-vous dire "Europe/Paris"\u202f?']),
        ("Europe/Paris", "heure-de-paris-x",
         [('organisation.yaml:3:12: "heure-de-paris-x" n’est pas un fuseau horaire. '
           'Vouliez-vous dire "Europe/Paris"\u202f?')]),
        ("connector: imap", "connector: imapp",
         ['organisation.yaml:6:16: Il n’y a pas de connecteur "imapp". Vouliez-vous dire "imap"\u202f?']),
        ("connector: imap", "connector: pop3",
         ['organisation.yaml:6:16: Il n’y a pas de connecteur "pop3". Connecteurs connus\xa0: imap, memory.']),
        (HOST, "    hots: mail.old.example\n",
         ['organisation.yaml:5:3: Il manque la clé "host" dans "old-host".',
          'organisation.yaml:7:5: Clé inconnue "hots" dans "old-host". Vouliez-vous dire "host"\u202f?']),
        (HOST, HOST + "    port: imaps\n    tls: startls\n",
         ['organisation.yaml:8:11: "port" doit être un nombre entier.',
          'organisation.yaml:9:10: "tls" doit être implicit, starttls ou none. Vouliez-vous dire "starttls"\u202f?']),
        (HOST, HOST + "    port: 99999\n", ['organisation.yaml:8:11: "port" doit être inférieur ou égal à 65535.']),
        (HOST, HOST + "    verify: peut-être\n", ['organisation.yaml:8:13: "verify" doit être true ou false.']),
        (HOST, HOST + "    certificate: x\n",
         ['organisation.yaml:8:18: "certificate" doit être un groupe de clés, chacune sur sa ligne.']),
        (HOST, "    host:\n",
         [('organisation.yaml:7:10: "host" n’a pas de valeur. '
           "Écrivez-en une après les deux-points, ou supprimez la ligne.")]),
        (HOST, '    host: ""\n', ['organisation.yaml:7:11: "host" est vide.']),
        (HOST, "    host: 10\n",
         ['organisation.yaml:7:11: "host" doit être un texte. Mettez ce texte entre guillemets doubles.']),
        (HOST, HOST + "    bandwidth: 2Mb/s\n    messages_per_second: 0\n    max_sessions: 2.5\n",
         [('organisation.yaml:8:16: "2Mb/s" n’est pas un débit. '
           "Écrivez par exemple 2Mbit/s (bits) ou 250ko/s (octets)."),
          'organisation.yaml:9:26: "messages_per_second" doit être supérieur à 0.',
          'organisation.yaml:10:19: "max_sessions" doit être un nombre entier.']),
        (HOST, HOST + "    bandwidth: 0,1 o/s\n",
         [('organisation.yaml:8:16: "0,1 o/s" ne laisserait rien passer. '
           "Supprimez la ligne pour ne fixer aucune limite.")]),
        ("old-host:", "vieux serveur:",
         [('organisation.yaml:5:3: "vieux serveur" ne peut pas servir de nom ici. '
           "N’utilisez que des lettres, des chiffres, des points, des tirets et des tirets bas (_)."),
          ('sites/lyon.yaml:2:9: Il n’y a pas de système "old-host" dans organisation.yaml. '
           'Vouliez-vous dire "new-host"\u202f?')]),
        ("env:NEW_MASTER", "env:NEW-MASTER",
         [("organisation.yaml:11:37: Après env: vient le nom d’une variable d’environnement. "
           "Par exemple env:OLD_MAIL_PASSWORD.")]),
        ("env:NEW_MASTER", "keyring:admin",
         [("organisation.yaml:11:37: Après keyring: viennent un service et un utilisateur. "
           "Par exemple keyring:old-mail/admin.")]),
        ("env:NEW_MASTER", "'file:'",
         ["organisation.yaml:11:37: Après file: vient le chemin d’un fichier. Par exemple file:secrets/old.txt."]),
        ("env:NEW_MASTER", "'command:'",
         [("organisation.yaml:11:37: Après command: vient un programme avec ses arguments. "
           "Par exemple command:pass show old-mail.")]),
        ("env:NEW_MASTER", "'command:pass show \"x'",
         ["organisation.yaml:11:37: Un guillemet de cette commande n’est pas fermé. Ajoutez le guillemet fermant."]),
        (", password: env:NEW_MASTER", "", ['organisation.yaml:11:5: Il manque la clé "password" dans "master".']),
        ("{user: admin, password: env:NEW_MASTER}", "{user: admin, password: env:X, hunter2}",
         ['organisation.yaml:11:44: Clé inconnue dans "master". Clés connues\xa0: password, user.']),
        ("mx_first: old", "mx_first: odl",
         ['organisation.yaml:12:56: "mx_first" doit être old ou new. Vouliez-vous dire "old"\u202f?']),
        ("{meridional.example: ", "{meridional: ",
         [('organisation.yaml:12:11: "meridional" n’est pas un domaine de messagerie. '
           "Écrivez ce qui suit le @, par exemple entreprise.example."),
          ('sites/lyon.yaml:7:9: Il n’y a pas de domaine "meridional.example" dans organisation.yaml. '
           'Vouliez-vous dire "meridional"\u202f?')]),
        ("bought: 40", "bought: -1", ['organisation.yaml:13:40: "bought" doit être supérieur ou égal à 0.']),
        ("bought: 40", "bought: quarante", ['organisation.yaml:13:40: "bought" doit être un nombre entier.']),
        ("renews: 2027-03-01", "renews: 01/03/2027",
         [('organisation.yaml:13:52: "01/03/2027" n’est pas une date. '
           "Écrivez année-mois-jour, par exemple 2027-02-09.")]),
        ("renews: 2027-03-01", "renews: 2072-03-01",
         [('organisation.yaml:13:52: "2072-03-01" est sans doute une erreur\xa0: l’année est trop éloignée. '
           "Vérifiez l’année.")]),
        ("hours: 10", "hours: dix", ['organisation.yaml:14:18: "hours" doit être un nombre.']),
        ("slice: 30min", "slice: 30",
         ['organisation.yaml:14:48: "30" n’est pas une durée. Écrivez-la sous la forme 30min, 2h ou 1h30.']),
        ("karim@elsewhere.example", "karim",
         [('organisation.yaml:15:62: "mail" doit être une adresse de messagerie. Elle n’a pas de @. '
           "Écrivez-la sous la forme nom@entreprise.example.")]),
    ],
)  # fmt: skip
def test_a_mistake_in_an_organisation_is_told_in_french(
    complaints: Complaints, right: str, wrong: str, messages: list[str]
) -> None:
    organisation = ORGANISATION + RIGHT
    assert right in organisation

    files: dict[str, str | bytes | None] = {
        "organisation.yaml": organisation.replace(right, wrong, 1),
        "sites/lyon.yaml": SITE + RIGHT_SITE,
    }

    assert complaints(files) == messages


@pytest.mark.parametrize(
    ("right", "wrong", "messages"),
    [
        ("source: old-host", "source: old-hots",
         [('sites/lyon.yaml:2:9: Il n’y a pas de système "old-hots" dans organisation.yaml. '
           'Vouliez-vous dire "old-host"\u202f?')]),
        ("source: old-host", "source: google",
         [('sites/lyon.yaml:2:9: Il n’y a pas de système "google" dans organisation.yaml. '
           "Systèmes définis\xa0: new-host, old-host.")]),
        ("target: new-host", "target: old-host",
         [("sites/lyon.yaml:3:9: La source et la cible sont le même système, et le même utilisateur se connecte "
           "sur les deux. Une boîte aux lettres ne peut pas être copiée sur elle-même.")]),
        ("people: lyon.csv", "people: lion.csv",
         [('sites/lyon.yaml:4:9: Il n’y a pas de fichier des personnes "lion.csv" dans le dossier sites. '
           'Vouliez-vous dire "lyon.csv"\u202f?')]),
        ("people: lyon.csv", "people:",
         ['sites/lyon.yaml:4:8: "people" doit être une liste de personnes, ou le nom d’un fichier CSV.']),
        ("people: lyon.csv\n", "", ['sites/lyon.yaml:1:1: Il manque la clé "people".']),
        ("site: lyon", "site: ../lyon",
         [('sites/lyon.yaml:1:7: "../lyon" ne peut pas servir de nom ici. '
           "N’utilisez que des lettres, des chiffres, des points, des tirets et des tirets bas (_).")]),
        ("file:secrets", "secrets",
         [("sites/lyon.yaml:5:12: Écrivez file: devant le chemin du fichier des mots de passe. Par exemple "
           "file:secrets/lyon.csv.")]),
        ("domain: meridional.example", "domain: other.test",
         [('sites/lyon.yaml:7:9: Il n’y a pas de domaine "other.test" dans organisation.yaml. '
           "Domaines définis\xa0: meridional.example.")]),
        ("switch: 2027-02-09", "switch: [2027]",
         ["sites/lyon.yaml:8:9: Cette valeur n’est pas une date. Écrivez année-mois-jour, par exemple 2027-02-09."]),
        ("correspondent: {name: Claire M.}", "correspondent: Claire M.",
         ['sites/lyon.yaml:9:16: "correspondent" doit être un groupe de clés, chacune sur sa ligne.']),
        ("19:00-07:00", "le soir",
         [('sites/lyon.yaml:12:16: "le soir" n’est pas une plage horaire. '
           'Écrivez la première et la dernière heure, par exemple "19:00-07:00".')]),
        ("19:00-07:00", "19:00-25:00",
         [('sites/lyon.yaml:12:16: "19:00-25:00" contient une heure qui n’existe pas. '
           'Écrivez la première et la dernière heure, par exemple "19:00-07:00".')]),
        ("19:00-07:00", "7h-07:00",
         [('sites/lyon.yaml:12:16: "7h-07:00" commence et finit à la même heure. '
           "Supprimez la ligne pour copier à toute heure.")]),
        ('window: "19:00-07:00", ', "",
         [('sites/lyon.yaml:12:7: "daytime_limit" est sans effet sans "window". '
           'Ajoutez les heures de copie, par exemple window: "19:00-07:00".')]),
        ("put_under: Old mail", "put_under: /Old mail",
         [('sites/lyon.yaml:13:44: "/Old mail" n’est pas un chemin de dossier. '
           'Séparez les noms par un seul /, par exemple "A/B".')]),
        ("[Corbeille]", "[Corbeille, Envoy*]",
         [('sites/lyon.yaml:13:17: "Envoyés" reçoit ici un autre nom, et une autre règle le laisse de côté. '
           "Supprimez l’une des deux lignes.")]),
        ("[Corbeille]", "Corbeille",
         ['sites/lyon.yaml:14:22: "folders" doit être une liste. Écrivez-la sous la forme [un, deux].']),
        ("[Corbeille]", "[a, [b]]", ['sites/lyon.yaml:14:26: L’élément 2 de "folders" doit être un texte.']),
        ("before: 2015-01-01", "before: 2027-01-01",
         [('sites/lyon.yaml:14:12: "before" et "after" ensemble laissent de côté tous les messages. '
           "La date de before doit venir en premier\xa0: ce qui se trouve entre les deux dates est copié.")]),
        ("before: 2015-01-01, after: 2026-12-31", "before: 2115-01-01",
         [("sites/lyon.yaml:14:76: Cette date est dans le futur\xa0: tous les messages jusqu’à aujourd’hui "
           "seraient laissés de côté. Vérifiez l’année.")]),
        ("before: 2015-01-01", "larger_than: 25",
         ['sites/lyon.yaml:14:81: "25" n’est pas une taille. Écrivez un nombre et son unité, par exemple 25 Mo.']),
        ("consent: required", "consent:",
         [('sites/lyon.yaml:16:45: "consent" n’a pas de valeur. '
           "Écrivez-en une après les deux-points, ou supprimez la ligne.")]),
        ("people: lyon.csv\n",
         "people:\n  - address: a@m.example\n    aliases: [b@m.example, b]\n    shared: peut-être\n  - 12\n  -\n",
         [('sites/lyon.yaml:6:28: L’élément 2 de "aliases" doit être une adresse de messagerie. Elle n’a pas de @. '
           "Écrivez-la sous la forme nom@entreprise.example."),
          'sites/lyon.yaml:7:13: "shared" doit être oui ou non. Écrivez oui ou non, yes ou no.',
          'sites/lyon.yaml:8:5: L’élément 2 de "people" doit être un groupe de clés, chacune sur sa ligne.',
          ('sites/lyon.yaml:9:4: L’élément 3 de "people" n’a pas de valeur. '
           "Écrivez-en une après les deux-points, ou supprimez la ligne.")]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_site_is_told_in_french(
    complaints: Complaints, right: str, wrong: str, messages: list[str]
) -> None:
    site = SITE + RIGHT_SITE
    assert right in site

    files: dict[str, str | bytes | None] = {
        "organisation.yaml": ORGANISATION + RIGHT,
        "sites/lyon.yaml": site.replace(right, wrong, 1),
    }

    assert complaints(files) == messages


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("anna", "Elle n’a pas de @. Écrivez-la sous la forme nom@entreprise.example."),
        ("anna@example,org", "Elle contient une virgule là où il faut un point."),
        ("anna@example", "Il manque un point après le @. Écrivez l’adresse sous la forme nom@entreprise.example."),
        ("anna berg@example.org", "Elle contient un espace."),
        ("a@x.example b@x.example",
         "Elle contient plus d’un @. Une seule adresse ici\u202f; les autres sont des alias."),
        ("andré@example.org",
         ("Elle contient une lettre accentuée avant le @. "
          "Écrivez-la comme le serveur de messagerie la connaît, sans accents.")),
        ("anna@exámple.org",
         "Elle contient une lettre accentuée après le @. Écrivez le domaine sans accents, ou sous sa forme xn--…."),
        ("anna@example..org", "Elle contient deux points consécutifs (..)."),
        ("anna.@example.org", "L’une de ses parties commence ou finit par un point."),
        ("@example.org", "Il n’y a rien avant le @."),
        ("anna@", "Il n’y a rien après le @."),
        ("Anna <anna@example.org>", "Écrivez l’adresse seule, sans nom et sans < >."),
        ("mailto:anna@example.org", 'Supprimez "mailto:".'),
        ("anna|bruno@example.org", "Écrivez-la sous la forme nom@entreprise.example."),
    ],
)  # fmt: skip
def test_an_address_that_is_none_says_in_french_what_is_wrong_with_it(
    complaints: Complaints, address: str, hint: str
) -> None:
    assert complaints({"sites/lyon.csv": f"adresse\tnom\n{address}\tA\n"}) == [
        f'sites/lyon.csv:2: "adresse" doit être une adresse de messagerie. {hint}'
    ]


@pytest.mark.parametrize(
    ("people", "messages"),
    [
        ("", [f"sites/lyon.csv: {EMPTY}"]),
        ("jean@m.example;Jean\nlea@m.example;Léa\n",
         [f"sites/lyon.csv:1: La première ligne doit contenir les en-têtes. {KNOWN}"]),
        ("nom;utilisateur source\nJean;j\n",
         [f"sites/lyon.csv:1: Il manque la colonne adresse. {KNOWN}"]),
        ("adresse;nmo\na@b.example;x\n", ['sites/lyon.csv:1: En-tête inconnu "nmo". Vouliez-vous dire "nom"\u202f?']),
        ("adresse;partage;nom affich\na@b.example;x;y\n",
         ['sites/lyon.csv:1: En-tête inconnu "partage". Vouliez-vous dire "partagée"\u202f?',
          'sites/lyon.csv:1: En-tête inconnu "nom affich". Vouliez-vous dire "nom affiché"\u202f?']),
        ("adress;groups;aliass\na@b.example;;\n",
         ['sites/lyon.csv:1: En-tête inconnu "adress". Vouliez-vous dire "adresse"\u202f?',
          'sites/lyon.csv:1: En-tête inconnu "aliass". Vouliez-vous dire "alias"\u202f?']),
        ("adresse\nclaire@b.example;Claire\n",
         [("sites/lyon.csv:2: Cette ligne a 2 cellules, mais il n’y a qu’un seul en-tête. "
           'Mettez entre guillemets doubles un texte qui contient ";".')]),
        ("adresse;nom;Name\na@b.example;x;y\n",
         ['sites/lyon.csv:1: L’en-tête "Name" en répète un autre. Supprimez la répétition.']),
        ("adresse;nom\na@b.example;A\n;B\nA@B.example;D\n",
         ["sites/lyon.csv:3: Cette ligne n’a pas d’adresse.",
          ("sites/lyon.csv:4: L’adresse A@B.example est indiquée deux fois. "
           "La première occurrence est dans sites/lyon.csv, ligne 2\u202f; gardez l’une des deux.")]),
        ("adresse,nom\na@b.example,Pérès, Jean\n",
         [("sites/lyon.csv:2: Cette ligne a 3 cellules, mais il n’y a que 2 en-têtes. "
           'Mettez entre guillemets doubles un texte qui contient ",".')]),
        ('adresse;nom\na@b.example;A\nb@b.example;"B\nc@b.example;C\n',
         [("sites/lyon.csv:3: À partir de cette ligne, un guillemet double n’est pas fermé. "
           'Fermez le guillemet, ou écrivez "" pour un guillemet dans un texte.')]),
        (b"adresse;nom\na@b.example;\x81\n",
         [("sites/lyon.csv: Ce fichier n’est ni en UTF-8 ni en Windows-1252. "
           'Enregistrez-le de nouveau au format "CSV UTF-8".')]),
        ("adresse;utilisateur cible\na@b.example;commun\nc@b.example;Commun\n",
         [("sites/lyon.csv:3: c@b.example et a@b.example ont le même utilisateur sur la cible. "
           "L’autre est dans sites/lyon.csv, ligne 2.")]),
        ("adresse;alias\na@m.example;x@m.example|y@m\n",
         [('sites/lyon.csv:2: L’élément 2 de "alias" doit être une adresse de messagerie. '
           "Il manque un point après le @. Écrivez l’adresse sous la forme nom@entreprise.example.")]),
        ("adresse;alias\na@m.example;b@m.example\nb@m.example;\n",
         [("sites/lyon.csv:2: L’alias b@m.example (a@m.example) est l’adresse d’une autre personne. "
           "L’autre est dans sites/lyon.csv, ligne 3.")]),
        ("adresse;alias\na@m.example;info@m.example\nb@m.example;INFO@m.example\n",
         [("sites/lyon.csv:3: b@m.example et a@m.example ont le même alias INFO@m.example. "
           "L’autre est dans sites/lyon.csv, ligne 2.")]),
        ("adresse;alias\na@m.example;A@m.example\nb@m.example;c@m.example, C@m.example\n",
         ["sites/lyon.csv:2: A@m.example est à la fois l’adresse et un alias de cette personne. Supprimez l’alias.",
          "sites/lyon.csv:3: L’alias C@m.example est écrit deux fois. Supprimez la répétition."]),
        ("adresse;gmail\na@m.example;a@gmial.com\nb@m.example;b@m.example\n",
         [('sites/lyon.csv:2: "gmail" doit être l’adresse d’un compte Gmail privé. '
           'Vouliez-vous dire "gmail.com"\u202f?'),
          ('sites/lyon.csv:3: "gmail" doit être l’adresse d’un compte Gmail privé. '
           "Écrivez-la sous la forme nom@gmail.com, ou laissez la case vide.")]),
        ("adresse;gmail\na@m.example;x@gmail.com\nb@m.example;X@gmail.com\n",
         [("sites/lyon.csv:3: b@m.example et a@m.example ont le même compte Gmail privé. "
           "L’autre est dans sites/lyon.csv, ligne 2.")]),
        ("adresse;partagée\na@m.example;peut-être\n",
         ['sites/lyon.csv:2: "partagée" doit être oui ou non. Écrivez oui ou non, yes ou no.']),
        ("adresse;autres sources\na@m.example;archive\nb@m.example;old-hots:b\nc@m.example;new-host:c@m.example\n",
         [('sites/lyon.csv:2: "autres sources" doit indiquer un système et l’utilisateur sur ce système. '
           "Écrivez système:utilisateur, par exemple old-archive:anna."),
          ('sites/lyon.csv:3: Il n’y a pas de système "old-hots" dans organisation.yaml. '
           'Vouliez-vous dire "old-host"\u202f?'),
          ("sites/lyon.csv:4: La source new-host:c@m.example est la boîte aux lettres vers laquelle le courrier "
           "est copié. Une boîte aux lettres ne peut pas être copiée sur elle-même.")]),
        ("adresse;autres sources\na@m.example;old-host:x | old-host:X\n",
         ["sites/lyon.csv:2: La source old-host:X est écrite deux fois. Supprimez la répétition."]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_people_file_is_told_in_french(
    complaints: Complaints, people: str | bytes, messages: list[str]
) -> None:
    assert complaints({"sites/lyon.csv": people}) == messages


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("adresse;mot de passe\na@b.example;hunter2\n",
         ['secrets/lyon.csv:1: En-tête inconnu "mot de passe". Vouliez-vous dire "mot de passe cible"\u202f?']),
        ("adresse;mot de passe source\n;hunter2\n", ["secrets/lyon.csv:2: Cette ligne n’a pas d’adresse."]),
        ("adresse;mot de passe source\nlea.t@meridional.example;hunter2\nLEA.T@meridional.example;x\n",
         ["secrets/lyon.csv:3: Cette adresse est déjà à la ligne 2. Gardez une seule des deux lignes."]),
        ("adresse;mot de passe source;mot de passe cible\njean.p@meridional.example;hunter2;b;c\n",
         [("secrets/lyon.csv:2: Cette ligne a 4 cellules, mais il n’y a que 3 en-têtes. "
           'Mettez entre guillemets doubles un texte qui contient ";".')]),
        ('adresse;mot de passe source\njean.p@meridional.example;"hunter2\n',
         [("secrets/lyon.csv:2: À partir de cette ligne, un guillemet double n’est pas fermé. "
           'Fermez le guillemet, ou écrivez "" pour un guillemet dans un texte.')]),
        ("mot de passe source\nhunter2\n",
         [("secrets/lyon.csv:1: Il manque la colonne adresse. En-têtes connus\xa0: adresse, "
           "mot de passe source, mot de passe cible.")]),
        ("adresse;mot de passe source\n;x\n;y\n",
         ["secrets/lyon.csv:2: Cette ligne n’a pas d’adresse.",
          "secrets/lyon.csv:3: Cette ligne n’a pas d’adresse."]),
        ("",
         [f"secrets/lyon.csv: {EMPTY}"]),
        ("adresse;mot de passe source\nJean.P@meridional.example; \n",
         [("Il n’y a pas de mot de passe source pour Jean.P@meridional.example dans file:secrets/lyon.csv. "
           'Remplissez-y la colonne \"mot de passe source\" (source_password), '
           'ou donnez un utilisateur maître au système "old-host".')]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_passwords_file_is_told_in_french_without_a_password(
    write: Write, text: str, messages: list[str]
) -> None:
    folder = write({"secrets/lyon.csv": text})
    (folder / "secrets" / "lyon.csv").chmod(0o600)

    assert refused(folder).splitlines() == messages


def test_a_passwords_file_that_is_not_there_is_asked_for_in_french(write: Write) -> None:
    folder = write()

    assert refused(folder) == (
        f"file:secrets/lyon.csv\xa0: il n’y a pas de fichier {folder}/secrets/lyon.csv. "
        "Créez-le, lisible par vous seul."
    )


def test_a_passwords_file_that_others_can_read_is_refused_in_french(write: Write) -> None:
    folder = write({"secrets/lyon.csv": "adresse;mot de passe source\n"})
    (folder / "secrets" / "lyon.csv").chmod(0o644)

    assert refused(folder) == (
        "file:secrets/lyon.csv est lisible par d’autres sur cette machine. "
        f"Lancez\xa0: chmod 600 {folder}/secrets/lyon.csv"
    )


def test_a_line_of_nobody_in_a_passwords_file_is_told_in_french(write: Write) -> None:
    folder = write({"secrets/lyon.csv": "adresse;mot de passe source\njean.p@meridonal.example;x\nhunter2;x\n"})
    (folder / "secrets" / "lyon.csv").chmod(0o600)
    organisation = load(folder)
    ref = organisation.sites["lyon"].passwords
    assert ref is not None

    assert [str(problem) for problem in strangers(ref, organisation)] == [
        (
            "secrets/lyon.csv:2: Personne sur ce site n’a l’adresse de cette ligne. "
            'Vouliez-vous dire "Jean.P@meridional.example"\u202f?'
        ),
        "secrets/lyon.csv:3: Personne sur ce site n’a l’adresse de cette ligne.",
    ]


def test_a_missing_organisation_says_in_french_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as caught:
        load(tmp_path / "nowhere")

    assert str(caught.value) == (
        "organisation.yaml: Ce fichier n’existe pas. Allez dans le dossier de l’organisation, ou nommez-le avec"
        " -C\u202f; un nouveau se crée par\xa0: bascule init"
    )


def test_a_file_that_ends_in_yml_is_recognised_in_french(complaints: Complaints) -> None:
    assert complaints({"organisation.yaml": None, "organisation.yml": ORGANISATION, "sites/paris.yml": SITE}) == [
        (
            "organisation.yaml: Ce fichier n’existe pas. "
            "Le fichier organisation.yml existe\xa0: renommez-le en organisation.yaml."
        ),
        "sites/paris.yml: Ce fichier n’est pas lu, car son nom ne finit pas par .yaml. Renommez-le.",
    ]


def test_a_list_is_no_organisation_in_french_either(complaints: Complaints) -> None:
    assert complaints({"organisation.yaml": "- name: x\n"}) == [
        "organisation.yaml:1:1: Ce fichier doit contenir un groupe de clés. Écrivez des lignes comme name: Exemple."
    ]


def test_two_sites_cannot_have_one_name_and_one_person_cannot_be_in_two(complaints: Complaints) -> None:
    files: dict[str, str | bytes | None] = {
        "sites/nice.yaml": SITE.replace("lyon", "nice"),
        "sites/nice.csv": "adresse;alias\njean.p@meridional.example;\nx@m.example;Lea.T@meridional.example\n",
        "sites/paris.yaml": SITE,
    }

    assert complaints(files) == [
        (
            "sites/nice.csv:2: L’adresse jean.p@meridional.example est indiquée deux fois. "
            "La première occurrence est dans sites/lyon.csv, ligne 2\u202f; gardez l’une des deux."
        ),
        (
            "sites/nice.csv:3: L’alias Lea.T@meridional.example (x@m.example) est l’adresse d’une autre personne. "
            "L’autre est dans sites/lyon.csv, ligne 3."
        ),
        'sites/paris.yaml:1:7: Un autre fichier contient déjà le site "lyon". Donnez à chaque site un nom différent.',
    ]


def test_one_session_for_both_sides_is_told_in_french(complaints: Complaints) -> None:
    files: dict[str, str | bytes | None] = {
        "organisation.yaml": ORGANISATION.replace(HOST, HOST + "    max_sessions: 1\n"),
        "sites/lyon.yaml": SITE.replace("target: new-host", "target: old-host"),
        "sites/lyon.csv": "adresse;utilisateur source\na@m.example;a-old\n",
    }

    assert complaints(files) == [
        (
            'organisation.yaml:8:19: "old-host" est à la fois source et cible, et n’a droit qu’à une connexion. '
            "Une copie lit avec une connexion et écrit avec une autre\xa0: indiquez max_sessions: 2 ou plus."
        )
    ]
