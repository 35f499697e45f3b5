"""Runs suites by name: `python suite NAME...`.

The name `api` stands for all that call operations by boto3. After them, the operations and the documented errors that no
test has seen are failures, too.
"""

import pathlib
import sys
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import coverage_of_errors  # noqa: E402


# They call the service by other means.
OTHERS = {"test_cli", "test_generated", "test_http"}


def main(names):
    loader = unittest.defaultTestLoader
    api = names == ["api"]
    if api:
        names = sorted({file.stem for file in FOLDER.glob("test_*.py")} - OTHERS)
    if not names:
        sys.exit(__doc__)
    tests = loader.loadTestsFromNames(names)
    if loader.errors:
        sys.exit("\n".join(loader.errors))
    result = unittest.TextTestRunner(verbosity=1).run(tests)
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}")
    missing = list(coverage_of_errors.missing()) if api else []
    for line in missing:
        print(f"not covered: {line}")
    # The tests of a class that leaves itself out are not counted as run.
    ran = result.testsRun - sum(isinstance(test, unittest.TestCase) for test, _ in result.skipped)
    failed = len(result.failures) + len(result.errors) + len(missing)
    print(f"{ran - len(result.failures) - len(result.errors)} passed, {failed} failed, {len(result.skipped)} skipped")
    sys.exit(1 if failed else 0)


main(sys.argv[1:])
