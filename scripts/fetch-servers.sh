#!/bin/sh
# Fetches Courier (IMAP and POP3), Cyrus IMAP, three DNS servers, Postfix, Exim and Dovecot's LMTP and Sieve as Debian
# packages and unpacks them in .cache/debian; installs nothing.  As packages Courier and Cyrus conflict with Dovecot,
# Postfix with Exim, and DNS and mail servers would take this machine's own ports, so the tests run them from there
# (tests/servers/courier.py, cyrus.py, zones.py and mta.py).
set -eu
cd "$(dirname "$0")/.."

# fetch NAME PATTERN PACKAGE...: into .cache/debian/NAME the packages, and what of that which apt would newly install
# for them is named like PATTERN: the server itself, and the libraries that this machine does not have.
fetch() {
    root=.cache/debian/$1 archives=.cache/debian/archives pattern=$2
    shift 2
    [ "$(cat "$root/.complete" 2>/dev/null)" != "$*" ] || return 0
    rm -rf "$root" "$archives"
    mkdir -p "$archives" "$root"
    packages=$(LC_ALL=C apt-get --simulate --no-install-recommends install "$@" |
        sed -n 's/^Inst \([^ ]*\) .*/\1/p' | grep -E "^($pattern|lib)")
    echo "Fetching, without installing:" $packages
    (cd "$archives" && apt-get -qq -o APT::Sandbox::User=root download $packages)
    for archive in "$archives"/*.deb; do
        dpkg-deb --extract "$archive" "$root"
    done
    rm -rf "$archives"
    # Nothing of it is run as anybody else: a program with that bit would drop the paths to its libraries, too.
    find "$root" -type f -perm /6000 -exec chmod ug-s {} +
    echo "$*" >"$root/.complete"
}

# gamin, where it still exists, is the file monitor that Courier asks before every command.
gamin=gamin
apt-cache show gamin >/dev/null 2>&1 || gamin=
fetch courier 'courier-|gamin$' courier-imap courier-pop $gamin
fetch cyrus 'cyrus-' cyrus-imapd
fetch dns 'nsd|bind9|unbound' nsd bind9 unbound
# The wrappers give an unprivileged mail server the accounts that it asks for by name.
fetch postfix 'postfix' postfix libnss-wrapper libuid-wrapper
fetch exim 'exim4' exim4-daemon-light
fetch delivery 'dovecot-(sieve|lmtpd)' dovecot-lmtpd dovecot-sieve
