"""What brings a database to what the files under db/ and migrations/ say, and tells the difference.

Durable objects arrive once, by migration; repeatable ones are applied again whenever their file
changes or somebody changed them by hand. `migrate` does it, `status` reports, `include` is what a
migration calls.
"""

from runner.migrations.engine import migrate
from runner.migrations.including import include
from runner.migrations.report import Status, status

__all__ = ["Status", "include", "migrate", "status"]
