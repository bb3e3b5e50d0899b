"""The one exception the runner raises on purpose."""

from __future__ import annotations

FAILED = 1
USAGE = 2
DRIFT = 3
NEWER = 4


class RunnerError(Exception):
    """A sentence for the person at the terminal, what to do about it, and the exit code."""

    def __init__(self, message: str, hint: str | None = None, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
