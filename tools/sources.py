"""What the lints have in common: the repository's files, and C++ text without comments and literals."""

import pathlib
import re
import subprocess

CXX = (".cpp", ".hpp")
SKIPPED_FOLDERS = {"build", ".git", ".cache", "node_modules", "__pycache__"}


def files(root):
    """Paths, relative to `root`, of every file that is or could be committed."""
    root = pathlib.Path(root)
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard"]
        names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
        return sorted({pathlib.Path(name) for name in names if name and (root / name).is_file()})
    return sorted(
        path.relative_to(root)
        for path in root.rglob("*")
        if path.is_file() and not SKIPPED_FOLDERS & set(path.relative_to(root).parts)
    )


def cxx_files(root, *folders):
    """The C++ files of `root` below any of `folders` (all of them, if none is named)."""
    return [path for path in files(root) if path.suffix in CXX and (not folders or path.parts[0] in folders)]


def script_kind(root, path):
    """"python", "bash" or None, by name or by first line."""
    if path.suffix == ".py":
        return "python"
    if path.suffix == ".sh":
        return "bash"
    if path.suffix:
        return None
    with open(pathlib.Path(root) / path, "rb") as file:
        first = file.readline(80)
    if not first.startswith(b"#!"):
        return None
    return "python" if b"python" in first else "bash" if b"sh" in first else None


_TOKEN = re.compile(
    r"""
      //(?:\\\n|[^\n])*                            # line comment
    | /\*.*?\*/                                    # block comment
    | R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"   # raw string
    | "(?:\\.|[^"\\\n])*"                          # string
    | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'          # character; not the separator of 1'000
    """,
    re.VERBOSE | re.DOTALL,
)


def code_only(text):
    """`text` of a C++ file with comments and literals blanked out; offsets and line breaks stay."""

    def blank(match):
        token = match.group(0)
        # The target of an #include looks like a string; it is code to us.
        line_start = text.rfind("\n", 0, match.start()) + 1
        if token.startswith('"') and text[line_start:match.start()].lstrip().startswith("#"):
            return token
        return re.sub(r"[^\n]", " ", token)

    return _TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
