/** A service of a lab host that reads its configuration when it starts, and runs only if that lets it in. Rule: a stock sysvinit script, started and stopped by `service`. */
export type ServiceOptions = {
  readonly name: string;
  /** Shell: exits 0 if what the configuration says opens the door. */
  readonly check: string;
};

/** Shell lines for a lab host's set-up. Each start leaves a line in /var/log/<name>.log: in, or out. */
export const serviceSetup = ({ name, check }: ServiceOptions): string => `
cat > /usr/local/sbin/${name} <<'DAEMON'
#!/bin/sh
rm -f /run/${name}.ready
if ( ${check} ) >/dev/null 2>&1; then echo in >> /var/log/${name}.log; else echo out >> /var/log/${name}.log; exit 1; fi
echo $$ > /run/${name}.ready
exec sleep 100000
DAEMON
cat > /etc/init.d/${name} <<'SCRIPT'
#!/bin/sh
P=/run/${name}.pid
case "$1" in
  start)
    start-stop-daemon --start --quiet --oknodo --background --make-pidfile --pidfile $P --startas /usr/local/sbin/${name} || exit 1
    i=0; while [ $i -lt 100 ] && [ "$(cat /run/${name}.ready 2>/dev/null)" != "$(cat $P)" ]; do
      kill -0 "$(cat $P)" 2>/dev/null || { echo "${name} did not come up" >&2; exit 1; }; i=$((i+1)); sleep 0.05
    done ;;
  stop) start-stop-daemon --stop --quiet --oknodo --retry 2 --remove-pidfile --pidfile $P ;;
  restart) $0 stop; $0 start ;;
  reload) echo reloaded >> /var/log/${name}.log ;;
  status) start-stop-daemon --status --pidfile $P ;;
  *) echo "Usage: $0 {start|stop|restart|reload|status}" >&2; exit 2 ;;
esac
SCRIPT
chmod 755 /usr/local/sbin/${name} /etc/init.d/${name}
: > /var/log/${name}.log
`;
