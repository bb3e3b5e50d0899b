"""`report`: what authz.organisation_report says, as one page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from runner import __version__
from runner.connect import Target, connect
from runner.errors import USAGE, RunnerError

PARTS = Path(__file__).parent / "report"


def report(
    target: Target, out: Path, *, unit: int | None = None, say: Callable[[str], None] = print
) -> None:
    """Writes the page; a file of that name is replaced when the new one is complete."""
    _check_place(out)
    with connect(target) as conn:
        row = conn.execute("select authz.organisation_report(%s)", (unit,)).fetchone()
    page = render(row[0] if row else {})
    try:
        _write(out, page)
    except OSError as error:
        raise RunnerError(f"cannot write {out}: {error.strerror}") from error
    say(f"wrote {out}: {len(page.encode()):,} bytes, for whoever may see this access and no others")


def render(answer: dict[str, Any]) -> str:
    """The page of an answer. Whatever the answer holds is text in it and never markup."""
    style, script = (_part(name) for name in ("report.css", "report.js"))
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(_part("report.html")).render(
        report=answer,
        version=__version__,
        style=Markup(style),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704 - a file of this package
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _part(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _check_place(out: Path) -> None:
    if out.is_dir():
        raise RunnerError(f"{out} is a folder", "Name a file to write, as in report.html.", USAGE)
    if out.exists() and not out.is_file():
        raise RunnerError(f"{out} is not a plain file", "Name a file to write.", USAGE)
    if not out.absolute().parent.is_dir():
        raise RunnerError(f"there is no folder {out.parent}", "Make it first.", USAGE)


def _write(out: Path, page: str) -> None:
    place = out.resolve()
    # Readable to its owner only: it names everybody's access.
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
