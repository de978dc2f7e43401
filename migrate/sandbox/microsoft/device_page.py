"""The page where a person enters the code of a device sign-in; a learner opens it in a browser."""

from __future__ import annotations

from html import escape

from migrate.sandbox.microsoft.sign_in import SignIn
from migrate.sandbox.web import Answer, Request

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Enter code</title>
<style>body{{font:16px sans-serif;max-width:28em;margin:4em auto}}input{{display:block;width:100%;margin:.3em 0 1em;
padding:.5em;font:inherit}}</style>
<h1>Enter code</h1><p>A stand-in of Microsoft's page on this machine: no password is asked for.</p><p>{told}</p>
<form method="post"><label>Code<input name="code" autofocus autocomplete="off"></label>
<label>Sign in as<input name="user" placeholder="anna@contoso.example"></label><button>Next</button></form></html>
"""


def device_page(request: Request, sign_in: SignIn) -> Answer:
    """The form, and after it was sent whether the code was one."""
    told = ""
    if request.method == "POST":
        form = request.form()
        good = sign_in.approve(form.get("code", ""), form.get("user", ""))
        told = "You have signed in. You may close this window." if good else "That code didn't work. Check the code."
    body = _PAGE.format(told=escape(told)).encode()
    return Answer(200, body, {"Content-Type": "text/html; charset=utf-8"})
