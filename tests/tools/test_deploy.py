from planted import LintTest

SERVICE = """
[Unit]
Description=A test
[Service]
ExecStart=/usr/bin/dujiang serve
"""
SHUT_IN = """
User=daemon
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""
PATH = "deploy/systemd/planted.service"


class UnitsTest(LintTest):
    lint = "lint_units"

    def test_a_unit_that_is_shut_in_passes(self):
        self.assertEqual(self.findings(**{PATH: SERVICE + SHUT_IN}), "")

    def test_an_unknown_setting_is_found(self):
        self.assertIn("Restrat", self.findings(**{PATH: SERVICE + SHUT_IN + "Restrat=always\n"}))

    def test_a_service_that_may_do_everything_is_found(self):
        self.assertIn("is more exposed than", self.findings(**{PATH: SERVICE}))


class ReadmesTest(LintTest):
    lint = "lint_readmes"
    english = "# A\n```\n./run\n```\nsee `x` and [b](b.md)\n"

    def test_a_translation_that_keeps_step_passes(self):
        chinese = "# 甲\n```\n./run\n```\n见 `x` 和 [乙](b.md)\n"
        self.assertEqual(self.findings(**{"README.md": self.english, "README.zh-CN.md": chinese}), "")

    def test_what_only_one_of_them_has_is_found(self):
        for chinese, what in (
            ("# 甲\n```\n./run --once\n```\n见 `x` 和 [乙](b.md)\n", "code blocks"),
            ("# 甲\n```\n./run\n```\n见 `x`\n", "links"),
            ("# 甲\n## 丙\n```\n./run\n```\n见 `x` 和 [乙](b.md)\n", "levels of headings"),
            ("# 甲\n```\n./run\n```\n见 `y` 和 [乙](b.md)\n", "pieces of code"),
        ):
            with self.subTest(what):
                self.assertIn(what, self.findings(**{"README.md": self.english, "README.zh-CN.md": chinese}))


class DockerTest(LintTest):
    lint = "lint_docker"

    def test_a_dockerfile_that_runs_what_changes_by_itself_is_found(self):
        self.assertIn("DL3007", self.findings(**{"deploy/docker/Dockerfile": "FROM debian:latest\n"}))

    def test_a_sound_one_passes(self):
        self.assertEqual(self.findings(**{"deploy/docker/Dockerfile": 'FROM debian:12-slim\nCMD ["true"]\n'}), "")
