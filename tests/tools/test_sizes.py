import unittest

from planted import LintTest


def body(lines):
    return "  x();\n" * lines


class SizesTest(LintTest):
    lint = "lint_sizes"

    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual(self.findings(), "")

    def test_a_file_over_400_lines_is_found(self):
        self.assert_found("the file has 401 lines", "src/base/long.cpp", "int x;\n" * 401)
        self.assertEqual(self.findings(**{"src/base/long.cpp": "int x;\n" * 400}), "")

    def test_a_function_over_60_lines_is_found(self):
        shapes = {
            "long_one": "void long_one(int a) {\n%s}\n",
            "Type::method": "Task<void> Type::method() const noexcept {\n%s}\n",
            "inside": "class Type : public Base {\n public:\n  Type() {}\n  bool inside(int x = f()) {\n%s}\n};\n",
            "made": "template <class T> std::vector<T> made(T t = {}) {\n%s}\n",
            "Type::Type": "Type::Type(int a) : a_(a), b_{} {\n%s}\n",
            "Suite.NameIsASentence": "TEST(Suite, NameIsASentence) {\n%s}\n",
            "in_namespace": "namespace a::b {\nnamespace {\nint in_namespace() {\n%s}\n}  // namespace\n}\n",
            "get_struct": "struct Spec get_struct(int a) {\n%s}\n",
        }
        for name, shape in shapes.items():
            with self.subTest(name):
                self.assert_found(f"function {name} has 61 lines", "src/base/long.cpp", shape % body(59))
                self.assertEqual(self.findings(**{"src/base/long.cpp": shape % body(58)}), "")

    def test_a_lambda_counts_into_its_function(self):
        text = "void outer() {\n  auto f = [&](int x) {\n%s  };\n}\n" % body(58)
        self.assert_found("function outer has 62 lines", "src/base/long.cpp", text)

    def test_braces_in_comments_literals_and_macros_do_not_confuse_it(self):
        text = (
            "// {{{\n/* } */\n#define OPEN {\nconst char* a = \"}{\";\nchar b = '{';\nauto c = R\"x({ \" )x\";\n"
            "int big = 1'000'000;\nvoid fine() {\n%s}\nvoid also_fine() {\n%s}\n" % (body(50), body(50))
        )
        self.assertEqual(self.findings(**{"src/base/odd.cpp": text}), "")

    def test_types_and_tables_may_be_longer(self):
        text = "struct Big {\n" + "  int a;\n" * 70 + "};\nconstexpr Row kTable[] = {\n" + "  {f(1), 2},\n" * 70 + "};\n"
        self.assertEqual(self.findings(**{"src/base/types.hpp": text}), "")

    def test_long_python_and_bash_functions_are_found(self):
        self.assert_found("function f has 61 lines", "tools/a.py", "def f():\n" + "    x()\n" * 60)
        self.assert_found("function f has 62 lines", "tools/a.sh", "f() {\n" + "  x\n" * 60 + "}\n")

    def test_an_exception_needs_a_reason_and_a_need(self):
        long_file = {"src/base/long.cpp": "int x;\n" * 401}
        allow = "tools/lint_sizes.allow"
        self.assertEqual(self.findings(**long_file, **{allow: "src/base/long.cpp  # one table\n"}), "")
        self.assertIn("has no reason", self.findings(**long_file, **{allow: "src/base/long.cpp\n"}))
        self.assertIn("remove this line", self.findings(**{allow: "src/base/time.hpp  # was long\n"}))


if __name__ == "__main__":
    unittest.main()
