"""`python -m runner.migrations pin|freeze`: what developers do to the baseline."""

from __future__ import annotations

import sys

from runner import project
from runner.errors import USAGE, RunnerError
from runner.migrations.including import freeze, pin


def main(arguments: list[str]) -> int:
    try:
        if arguments == ["pin"]:
            changed = pin(project.root())
            print("\n".join(f"pinned {path}" for path in changed) or "the pins are up to date")
        elif arguments == ["freeze"]:
            print("\n".join(f"frozen {path}" for path in freeze(project.root())))
        else:
            raise RunnerError("usage: python -m runner.migrations pin|freeze", exit_code=USAGE)
    except RunnerError as error:
        print(error.message, file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
