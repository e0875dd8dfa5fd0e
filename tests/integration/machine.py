"""A copy-on-write view of this machine, to install our package into: nothing that is done to it outlives it."""

import os
import tempfile

from setting import ROOT, run

# The copy is "$copy", in a mount namespace of its own; the package lies in it as /dujiang.deb.
COPY = r"""
set -euo pipefail
mount -t tmpfs tmpfs "$1"
copy="$1/root"
mkdir "$1/upper" "$1/work" "$copy"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$copy"
cp "$2" "$copy/dujiang.deb"
"""


def can_copy():
    with tempfile.TemporaryDirectory() as folder:
        return os.geteuid() == 0 and run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", folder], 30).returncode == 0


def build_package():
    """The path of the package that ./package has built."""
    built = run([ROOT / "package"], 1800)
    if built.returncode:
        raise AssertionError(built.stdout + built.stderr)
    return ROOT / built.stdout.strip()


def with_copy(package, script, *arguments):
    """Runs `script` of bash beside a copy that has the package; its arguments begin with "$3"."""
    with tempfile.TemporaryDirectory() as folder:
        return run(["unshare", "-m", "bash", "-c", COPY + script, "copy", folder, package, *arguments], 300)
