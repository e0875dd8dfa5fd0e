import unittest

from planted import CLEAN_TREE, LintTest


class LayersTest(LintTest):
    lint = "lint_layers"

    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual(self.findings(), "")

    def test_an_include_against_the_arrows_is_found(self):
        self.assert_found("layer 1 must not see layer 3", "src/policy/bad.cpp", '#include "engine/attempt.hpp"\n')

    def test_adapters_and_engine_must_not_see_each_other(self):
        self.assert_found("never see each other", "src/adapters/net/bad.cpp", '#include "engine/attempt.hpp"\n')
        self.assert_found("must not see layer 4", "src/engine/bad.cpp", '#include "adapters/net/tcp.hpp"\n')

    def test_a_dependency_against_the_arrows_is_found_in_cmake_too(self):
        self.assert_found("must not see", "src/policy/CMakeLists.txt", "dujiang_module(policy DEPS base engine)\n")

    def test_an_include_that_deps_does_not_name_is_found(self):
        self.assert_found("has no base in DEPS", "src/engine/bad.cpp", '#include "base/time.hpp"\n')

    def test_a_dependency_that_nothing_includes_is_found(self):
        self.assert_found("no file of it includes", "src/engine/CMakeLists.txt",
                          "dujiang_module(engine DEPS policy ports base)\n")

    def test_a_circle_of_modules_is_found(self):
        tree = {
            **CLEAN_TREE,
            "src/runtime/CMakeLists.txt": "dujiang_module(runtime DEPS ports)\n",
            "src/runtime/loop.hpp": '#include "ports/edge.hpp"\n',
            "src/ports/CMakeLists.txt": "dujiang_module(ports DEPS base runtime)\n",
            "src/ports/edge.hpp": '#include "base/time.hpp"\n#include "runtime/loop.hpp"\n',
        }
        self.assertIn("in a circle: ports -> runtime -> ports", self.findings_of(tree))

    def test_a_module_that_the_table_does_not_name_is_found(self):
        self.assert_found("no row in the table", "src/drawer/CMakeLists.txt", "dujiang_module(drawer)\n")

    def test_a_missing_table_is_found(self):
        self.assert_found("no table of layers", "ARCHITECTURE.md", "words\n")

    def test_io_in_a_pure_module_is_found(self):
        for header in ("<fstream>", "<thread>", "<sys/socket.h>", "<unistd.h>", "<random>", "<openssl/ssl.h>"):
            with self.subTest(header):
                self.assert_found("a pure module", "src/policy/bad.cpp", f"#include {header}\n")

    def test_an_event_loop_in_the_engine_is_found(self):
        self.assert_found("no event loop but", "src/engine/bad.cpp", "#include <boost/asio/io_context.hpp>\n")

    def test_a_heavy_library_in_a_header_is_found(self):
        self.assert_found("heavy libraries", "src/adapters/net/bad.hpp", "#include <boost/asio/ssl.hpp>\n")

    def test_clocks_sleeps_and_chance_are_found(self):
        for text in (
            "auto t = std::chrono::steady_clock::now();",
            "auto t = std::chrono::system_clock :: now();",
            "clock_gettime(CLOCK_MONOTONIC, &t);",
            "auto t = time(nullptr);",
            "std::this_thread::sleep_for(1s);",
            "usleep(10);",
            "std::random_device device;",
            "std::mt19937_64 engine(7);",
            "int x = rand();",
        ):
            with self.subTest(text):
                self.assert_found("outside runtime and adapters", "src/engine/bad.cpp", text + "\n")

    def test_names_that_only_look_like_them_are_not(self):
        text = 'co_await sleep(loop);\nauto a = obj.rand();\nauto s = "std::random_device";\nint runtime(int);\n'
        self.assertEqual(self.findings(**{"src/engine/fine.cpp": text.replace("sleep(loop)", "runtime::sleep_until(loop, t)")}), "")

    def test_a_real_clock_in_a_unit_test_is_found_but_not_in_a_component_test(self):
        text = "auto t = std::chrono::steady_clock::now();\n"
        self.assert_found("a real clock", "tests/unit/policy/backoff_test.cpp", text)
        self.assertEqual(self.findings(**{"tests/component/net/tcp_test.cpp": text}), "")

    def test_the_simulator_sees_only_what_it_may(self):
        self.assert_found("the simulator must not see engine", "sim/server.cpp", '#include "engine/attempt.hpp"\n')


if __name__ == "__main__":
    unittest.main()
