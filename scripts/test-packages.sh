#!/bin/sh
# Debian packages that the tests need: real servers on loopback.  Says what it installs before it does.
set -eu
cd "$(dirname "$0")/.."

missing=
for package in dovecot-imapd dovecot-pop3d openssl postgresql pst-utils; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done

if [ -n "$missing" ] || [ ! -e .cache/debian/courier/usr/lib/courier/courier/courierpop3d ] || [ ! -e .cache/debian/cyrus/.complete ] || [ ! -e .cache/debian/dns/.complete ] ||
    [ ! -e .cache/debian/delivery/.complete ]; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    if ! apt-cache show bind9 courier-imap courier-pop cyrus-imapd dovecot-imapd exim4-daemon-light libnss-wrapper nsd postfix postgresql unbound >/dev/null 2>&1; then
        echo "Reading the package lists (apt-get update)"
        $as_root apt-get -qq update
    fi
fi

if [ -n "$missing" ]; then
    echo "The tests need these Debian packages, which are installed now:$missing"
    # The packages would start servers on this machine's own ports.  dpkg asks policy-rc.d before starting a
    # service; where there is none, one that says no stands there during the installation.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
        $as_root chmod 755 "$policy"
        trap '$as_root rm -f "$policy"' EXIT
    fi
    install="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends"
    $install $missing >/dev/null || {
        echo "Reading the package lists (apt-get update), which may be old"
        $as_root apt-get -qq update
        $install $missing >/dev/null
    }
fi

scripts/fetch-servers.sh
