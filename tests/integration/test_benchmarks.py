"""The gateway takes the configuration that the benchmarks measure it with, and has everything on."""

import ssl
import sys
import tempfile
import types
import unittest
import urllib.error
import urllib.request

from setting import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import field  # noqa: E402

NOBODY = 9  # the discard port: no upstream


class ConfigurationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.certificates = field.Certificates(folder.name)

    def status(self, gateway, key):
        scheme = "https" if gateway.tls else "http"
        request = urllib.request.Request(f"{scheme}://localhost:{gateway.port}/nothing", headers={"Authorization": f"Bearer {key}"})
        context = ssl.create_default_context(cafile=self.certificates.authority)
        try:
            with urllib.request.urlopen(request, timeout=30, context=context) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def test_it_starts_with_and_without_tls_and_lets_in_by_key(self):
        for what, upstream_tls, listener_tls in (("plain", None, None), ("tls upstream", self.certificates, None),
                                                 ("tls listener", None, self.certificates)):
            upstream = types.SimpleNamespace(port=NOBODY, certificates=upstream_tls)
            with self.subTest(what), field.Dujiang(upstream, certificates=listener_tls) as gateway:
                self.assertEqual(self.status(gateway, "dj_another_key"), 401)
                self.assertEqual(self.status(gateway, gateway.key), 404)


if __name__ == "__main__":
    unittest.main()
