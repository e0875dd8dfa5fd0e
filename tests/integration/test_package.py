"""./package, and what becomes of a machine on which its package is installed and purged again."""

import unittest

import machine
from setting import run

# Runs "$3" with the copy as its root.
INSIDE = r"""
for folder in proc dev sys; do mount --rbind "/$folder" "$copy/$folder"; done
mount -t tmpfs tmpfs "$copy/run"
chroot "$copy" bash -euo pipefail -c "$3"
"""

INSTALL = "dpkg --force-confnew -i /dujiang.deb >/dpkg.log 2>&1 || { cat /dpkg.log; exit 1; }\n"

# The service as its unit starts it, but for the address and the upstream: one question, one answer.
SERVE = r"""
cd /
dujiang-sim serve --port 0 --scenario calm --speed 20 --port-file /sim.port >/sim.log 2>&1 & sim=$!
until [ -s /sim.port ]; do kill -0 $sim; sleep 0.05; done
sed -i "s|https://api.deepseek.com|http://127.0.0.1:$(cat /sim.port)|" /etc/dujiang/dujiang.yaml
install -d -o dujiang -g dujiang /run/dujiang
setpriv --reuid dujiang --regid dujiang --clear-groups --no-new-privs \
  dujiang serve --config /etc/dujiang/dujiang.yaml --listen 127.0.0.1:0 --port-file /run/dujiang/port >/gateway.log 2>&1 & gateway=$!
until [ -s /run/dujiang/port ]; do kill -0 $gateway || { cat /gateway.log; exit 1; }; sleep 0.05; done
python3 - <<'PYTHON'
import json, urllib.request
port = open("/run/dujiang/port").read().strip()
body = {"model": "deepseek-chat", "messages": [{"role": "user", "content": "Hello"}]}
request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode(),
                                 {"Content-Type": "application/json", "Authorization": "Bearer sk-of-the-caller"})
print("answer:", json.load(urllib.request.urlopen(request, timeout=30))["choices"][0]["message"]["content"])
PYTHON
kill -TERM $gateway; wait $gateway; echo "gateway ended with $?"
kill -TERM $sim; wait $sim || true
"""


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.package = machine.build_package()

    def inside(self, script):
        if not machine.can_copy():
            self.skipTest("needs root and mount namespaces")
        done = machine.with_copy(self.package, INSIDE, script)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_package_says_what_it_needs(self):
        fields = run(["dpkg-deb", "--field", self.package, "Package", "Depends"], 30).stdout
        self.assertIn("Package: dujiang", fields)
        for library in ("libc6", "libssl3", "libc-ares2", "ca-certificates"):
            self.assertIn(library, fields)

    def test_what_it_installs_serves_as_its_own_user(self):
        output = self.inside(INSTALL + SERVE)
        self.assertRegex(output, r"answer: \S+")
        self.assertIn("gateway ended with 0", output)

    def test_it_brings_its_user_its_units_and_its_pages(self):
        output = self.inside(INSTALL + r"""
            getent passwd dujiang
            dujiang check /etc/dujiang/dujiang.yaml >/dev/null && echo "configuration is right"
            systemd-analyze verify --man=no dujiang.service dujiang.socket 2>&1 | grep dujiang || echo "units are right"
            dpkg -L dujiang
        """)
        for part in ("dujiang:x:", "configuration is right", "units are right", "/usr/share/man/man1/dujiang.1.gz",
                     "/usr/share/doc/dujiang/configuration.md", "/lib/systemd/system/dujiang.socket"):
            self.assertIn(part, output)

    def test_an_upgrade_keeps_a_changed_configuration_and_a_purge_leaves_nothing(self):
        output = self.inside(INSTALL + "echo '# mine' >> /etc/dujiang/dujiang.yaml\n"
                             + "dpkg --force-confold -i /dujiang.deb >/dev/null 2>&1; tail -n 1 /etc/dujiang/dujiang.yaml\n"
                             + "dpkg --purge dujiang >/dev/null 2>&1; ls -d /etc/dujiang /usr/bin/dujiang* 2>&1 || true")
        self.assertIn("# mine", output)
        self.assertEqual(output.count("No such file or directory"), 2, output)
