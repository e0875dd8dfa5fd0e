import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from planted import ROOT

CLEAN = "int* nothing() { return nullptr; }\n"
BAD = "int* nothing() { return 0; }\n"
TIDY_CONFIG = "Checks: '-*,modernize-use-nullptr'\nWarningsAsErrors: '*'\nHeaderFilterRegex: '.*'\n"


class TidyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        self.write(".clang-tidy", TIDY_CONFIG)
        self.write("src/a.cpp", '#include "b.hpp"\nint* nothing();\n')
        self.write("src/b.hpp", "inline " + CLEAN)
        source = self.root / "src/a.cpp"
        command = f"clang++-19 -I{self.root}/src -c {source} -o a.o"
        database = [{"directory": str(self.root), "file": str(source), "command": command}]
        self.write("build/asan/compile_commands.json", json.dumps(database))

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_lint(self):
        command = [ROOT / "tools/lint_tidy", "--root", self.root]
        return subprocess.run(command, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "XDG_CACHE_HOME": str(self.root / "cache")})

    def test_a_finding_in_a_source_or_its_header_fails_until_it_is_mended(self):
        self.assertEqual(self.run_lint().returncode, 0)
        self.write("src/b.hpp", "inline " + BAD)
        for _ in range(2):  # a failure is not remembered as clean
            done = self.run_lint()
            self.assertEqual(done.returncode, 1)
            self.assertIn("src/b.hpp:1:", done.stdout)
            self.assertIn("modernize-use-nullptr", done.stdout)
        self.write("src/b.hpp", "inline " + CLEAN)
        self.assertEqual(self.run_lint().returncode, 0)

    def test_a_clean_file_is_not_looked_at_again_until_its_text_or_the_checks_change(self):
        def remembered():
            return {path.name for path in (self.root / "cache/dujiang/tidy").iterdir()}

        self.run_lint()
        first = remembered()
        self.run_lint()
        self.assertEqual(remembered(), first)
        self.write("src/b.hpp", "// a word\ninline " + CLEAN)
        self.run_lint()
        second = remembered()
        self.assertEqual((len(first), len(second)), (1, 2))
        self.write(".clang-tidy", TIDY_CONFIG.replace("nullptr'", "nullptr,modernize-use-override'"))
        self.run_lint()
        self.assertEqual(len(remembered()), 3)


if __name__ == "__main__":
    unittest.main()
