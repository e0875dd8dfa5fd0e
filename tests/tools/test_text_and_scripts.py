import unittest

from planted import LintTest


class TextTest(LintTest):
    lint = "lint_text"

    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual(self.findings(), "")

    def test_bad_text_is_found(self):
        for what, path, text in (
            ("blanks at its end", "docs/a.md", "words \n"),
            ("CR at its end", "docs/a.md", "words\r\n"),
            ("is not UTF-8", "docs/a.md", b"\xff\xfe\n"),
            ("does not end with a line end", "docs/a.md", "words"),
            ("NUL byte", "docs/a.md", b"a\0b\n"),
            ("has a tab", "src/base/a.hpp", "int\tx;\n"),
            ("names a path of one machine", "docs/a.md", "cd /home/ann/dujiang\n"),  # lint: allow
            ("names a path of one machine", "tools/a.sh", "x=/root/dujiang/\n"),  # lint: allow
        ):
            with self.subTest(what):
                self.assert_found(what, path, text)

    def test_a_line_that_says_so_may_break_a_rule(self):
        self.assertEqual(self.findings(**{"docs/a.md": "words  <!-- lint: allow --> \n"}), "")


class ScriptsTest(LintTest):
    lint = "lint_scripts"

    def test_a_clean_tree_has_no_findings(self):
        scripts = {"tools/a": "#!/bin/bash\necho \"$1\"\n", "tools/b.py": "print(1)\n"}
        self.assertEqual(self.findings(**scripts), "")

    def test_a_python_file_that_does_not_compile_is_found(self):
        self.assertIn("b.py", self.findings(**{"tools/b.py": "def f(:\n"}))

    def test_bash_that_does_not_parse_is_found(self):
        self.assertIn("syntax error", self.findings(**{"tools/a": "#!/bin/bash\nif true; then\n"}))

    def test_what_shellcheck_warns_of_is_found(self):
        self.assertIn("SC2086", self.findings(**{"tools/a": "#!/bin/bash\necho $1\n"}))


class FormatTest(LintTest):
    lint = "lint_format"

    tree = {".clang-format": "BasedOnStyle: Google\n"}

    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual(self.findings(**{"src/a.cpp": "int x;\n"}), "")

    def test_another_layout_is_found(self):
        self.assertIn("--fix", self.findings(**{"src/a.cpp": "int   x ;\n"}))


if __name__ == "__main__":
    unittest.main()
