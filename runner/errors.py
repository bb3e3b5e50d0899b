"""The one exception the runner raises on purpose."""

from __future__ import annotations

FAILED = 1
USAGE = 2
DRIFT = 3
NEWER = 4
# What a shell reports of a program that Ctrl-C ended.
INTERRUPTED = 130

# What to do about what a server refuses without a hint of its own; by SQLSTATE, or by its class.
WAYS_OUT = {
    "40001": "Run it again: another transaction was faster.",
    "40P01": "Run it again: another transaction was faster.",
    "53100": "Make room on the server's disk, then run it again.",
    "53200": "Let the server have more memory, or lower work_mem, then run it again.",
    "53300": "Wait, or raise max_connections or the limit of the role or database.",
    "53400": "Raise temp_file_limit, or work_mem, for this login, then run it again.",
    "55P03": "Another transaction holds the lock: find it in pg_stat_activity, then run it again.",
    "57014": "A time limit or somebody ended the statement: raise statement_timeout if it was "
    "that, then run it again.",
    "57P": "The server ended the connection: wait until it takes others, then run it again.",
}


def way_out(sqlstate: str | None) -> str:
    """What to do about an error of the server; None is the loss of the connection."""
    if sqlstate is None:
        return WAYS_OUT["57P"]
    return WAYS_OUT.get(sqlstate) or WAYS_OUT.get(sqlstate[:3]) or ""


class RunnerError(Exception):
    """A sentence for the person at the terminal, what to do about it, and the exit code."""

    def __init__(self, message: str, hint: str | None = None, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
