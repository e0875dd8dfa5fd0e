"""The installed service under a real systemd, booted in a container over a copy-on-write view of this machine."""

import pathlib
import shutil
import unittest

import machine

# Boots the copy, which runs the script "$3" when it is up, and shows what that told.
BOOT = r"""
rm -f "$copy/etc/machine-id" "$copy/usr/sbin/policy-rc.d"
touch "$copy/etc/machine-id"
printf '%s' "$3" >"$copy/inside"
mkdir -p "$copy/etc/systemd/system/timers.target.wants"
printf '[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nExecStart=/bin/bash /inside\n' \
  >"$copy/etc/systemd/system/inside.service"
printf '[Timer]\nOnBootSec=0\n' >"$copy/etc/systemd/system/inside.timer"
ln -s ../inside.timer "$copy/etc/systemd/system/timers.target.wants/inside.timer"
timeout 120 systemd-nspawn --directory "$copy" --private-network --register=no --keep-unit --boot \
  --console=pipe </dev/null >"$1/console" 2>&1 || true
cat "$copy/told" || cat "$1/console" >&2
"""

# Ends with the machine's end, whatever happens. What it tells are lines of NAME: VALUE.
INSIDE = r"""
trap 'systemctl poweroff --force' EXIT
exec >/told 2>&1
ip link set lo up 2>/dev/null
state() { systemctl show dujiang -p "$1" --value; }
until_state() { for ((i = 0; i < 300; i++)); do [ "$(state "$1")" != "$2" ] || return 0; sleep 0.1; done; }
healthz() {
  exec 3<>/dev/tcp/127.0.0.1/8080 || return 1
  printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
  head -n 1 <&3 | tr -d '\r'
  exec 3>&-
}

dpkg -i /dujiang.deb >/dev/null
mkdir -p /etc/systemd/system/dujiang.service.d
printf '[Service]\nWatchdogSec=2s\n' >/etc/systemd/system/dujiang.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart dujiang
echo "started: $(state ActiveState), $(state StatusText)"
echo "answers: $(healthz)"

process="$(state MainPID)"
systemctl reload dujiang
until_state ActiveState active
echo "reloaded: $(state ActiveState), $([ "$(state MainPID)" = "$process" ] && echo same process)"

kill -STOP "$process"
until_state NRestarts 1
until_state ActiveState active
echo "hung: restarts $(state NRestarts), $(state ActiveState)"

systemctl stop dujiang
echo "stopped: $(state Result) $(state ExecMainStatus)"

systemctl start dujiang.socket
echo "socket: $(state ActiveState), $(healthz), $(state ActiveState)"
systemctl restart dujiang &
refused=0
while [ -n "$(jobs -rp)" ]; do healthz >/dev/null || refused=$((refused + 1)); done
echo "restart: $(healthz), refused $refused"
journalctl --no-pager -u dujiang | tail -n 30
"""


def can_boot():
    return machine.can_copy() and shutil.which("systemd-nspawn") and pathlib.Path("/sys/fs/cgroup").is_dir()


class SystemdTest(unittest.TestCase):
    def test_it_starts_reloads_is_watched_drains_and_is_activated_by_its_socket(self):
        if not can_boot():
            self.skipTest("needs root, systemd-nspawn and cgroups")
        told = machine.with_copy(machine.build_package(), BOOT, INSIDE)
        for line in (
            "started: active, serving on http://127.0.0.1:8080",
            "answers: HTTP/1.1 200 OK",
            "reloaded: active, same process",
            "hung: restarts 1, active",
            "stopped: success 0",
            "socket: inactive, HTTP/1.1 200 OK, active",
            "restart: HTTP/1.1 200 OK, refused 0",
        ):
            with self.subTest(line.split(":")[0]):
                self.assertIn(line, told.stdout, told.stdout + told.stderr)
