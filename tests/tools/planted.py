"""A small tree in a temporary folder, in which a lint must find what is planted and nothing else."""

import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

CLEAN_TREE = {
    "ARCHITECTURE.md": (
        "| layer | `src/` module | what it is |\n| --- | --- | --- |\n"
        "| 0 | `base` | x |\n| 1, pure | `policy` | x |\n| 1 | `api` | x |\n| 2 | `runtime`, `ports` | x |\n"
        "| 3 | `engine` | x |\n| 4 | `adapters` | x |\n| 5 | `app` | x |\n"
    ),
    "src/base/CMakeLists.txt": "dujiang_module(base)\n",
    "src/base/time.hpp": "#pragma once\n#include <chrono>\n",
    "src/policy/CMakeLists.txt": "dujiang_module(policy DEPS base)\n",
    "src/policy/backoff.hpp": '#pragma once\n#include "base/time.hpp"\n// never calls steady_clock::now()\n',
    "src/ports/CMakeLists.txt": "dujiang_module(ports DEPS base)\n",
    "src/ports/edge.hpp": '#pragma once\n#include "base/time.hpp"\n',
    "src/engine/CMakeLists.txt": "dujiang_module(engine DEPS policy ports)\n",
    "src/engine/attempt.cpp": '#include "policy/backoff.hpp"\n#include "ports/edge.hpp"\n',
    "src/adapters/net/CMakeLists.txt": "dujiang_module(adapters/net DEPS ports LIBS Boost::headers)\n",
    "src/adapters/net/tcp.cpp": (
        '#include <sys/socket.h>\n#include <boost/asio.hpp>\n#include "ports/edge.hpp"\n'
        "auto t = std::chrono::steady_clock::now();\n"
    ),
}


class LintTest(unittest.TestCase):
    """Runs the program `lint` over CLEAN_TREE with changes."""

    lint = ""
    tree = CLEAN_TREE

    def findings(self, **changes):
        """What the lint says about the tree with these files (path=text) added or replaced."""
        return self.findings_of({**self.tree, **changes})

    def findings_of(self, tree):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in tree.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
            command = [ROOT / "tools" / self.lint, "--root", folder]
            done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 1 if done.stdout else 0)
        return done.stdout

    def assert_found(self, what, path, text):
        """That planting `text` as file `path` is answered by one line that starts with `path` and says `what`."""
        lines = self.findings(**{path: text}).splitlines()
        self.assertTrue(any(line.startswith(path + ":") and what in line for line in lines), lines)
