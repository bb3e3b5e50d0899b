"""What roles, policies and permissions give is written out in a table."""

from runner.migrations import include

FILES = [
    (
        "schema/046_authz_expanded.sql",
        "71b5a355b720aec30e81b8f6c6946d17c732a0e763630c69adef82cce3a8be11",
    ),
]

include(__file__, FILES)
