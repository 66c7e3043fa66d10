#!/bin/sh
# guacd beside a broker (container or systemd unit): sh guacd.sh PROGRAM [PORT], as guacd's own user, with its home in $HOME.
# Rules: it listens on loopback alone, since its port asks nobody for a password; it trusts what the broker writes into known_hosts2 and nothing else;
# what a session carried is swept away when the broker calls it over (a folder there is guacd's, and the broker's user may not empty it).
set -eu
umask 027
program=$1 port=${2:-4822}
[ "$(id -u)" -ne 0 ] || { echo "guacd is not run as root: give it a user of its own." >&2; exit 1; }
cd "$HOME"
mkdir -p .config/freerdp drives
chmod 770 drives
[ -e .config/freerdp/known_hosts2 ] || : > .config/freerdp/known_hosts2
chmod 660 .config/freerdp/known_hosts2
# Compiled into FreeRDP is where it looks for these; the broker may stand where it cannot look, so it is told.
present=missing
for dir in /usr/lib/*/freerdp2 /usr/local/lib/freerdp2 /opt/guacamole/lib/freerdp2; do [ -e "$dir/libguac-common-svc-client.so" ] && present=present; done
echo "$present" > add-ins
(while sleep "${SWEEP_SECONDS:-5}" && kill -0 $$ 2>/dev/null; do rm -rf drives/*.over; done) &
exec "$program" -f -b 127.0.0.1 -l "$port" -L info
