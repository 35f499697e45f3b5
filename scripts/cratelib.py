"""The crates that a program links, as cargo knows them. Shared by scripts/sbom and scripts/notices. Requires Python 3.11 or newer."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A line of `cargo tree`: the depth, the name and the version; then a path or (proc-macro), and a mark for a crate shown before.
LINE = re.compile(r"(\d+)(\S+) v(\S+?)(?: \((?!\*)[^)]*\))?(?: \(\*\))?$")


def output(*command):
    """The standard output of a command, which must succeed."""
    finished = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        sys.exit(f"{Path(sys.argv[0]).name}: failed: {' '.join(command)}")
    return finished.stdout


def linked(package, target):
    """The crates that the package's program links, each with its direct dependencies: {(name, version): {(name, version)}}.

    The first is the package itself. Cargo selects the features as when it builds this package alone, as scripts/build does.
    """
    options = ("--locked", "--target", target, "--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "{p}")
    found, above = {}, []
    for line in output("cargo", "tree", "--package", package, *options).splitlines():
        parsed = LINE.match(line)
        if not parsed:
            sys.exit(f"unexpected line of cargo tree: {line!r}")
        depth, crate = int(parsed[1]), (parsed[2], parsed[3])
        found.setdefault(crate, set())
        del above[depth:]
        if above:
            found[above[-1]].add(crate)
        above.append(crate)
    return found


def packages(target):
    """The metadata of all crates for the target: {(name, version): metadata}."""
    metadata = json.loads(output("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    return {(package["name"], package["version"]): package for package in metadata["packages"]}


def checksums():
    """The SHA-256 of each crate's file in the registry: {(name, version): hexadecimal digits}."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}


def licence(package):
    """The licence of a crate as an SPDX expression, or None. Old crates write a slash for OR."""
    return package["license"] and " OR ".join(part.strip() for part in package["license"].split("/"))
