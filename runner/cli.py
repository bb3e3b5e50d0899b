"""The command line: each command is a call into SQL or into a module of a few lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from runpy import run_path
from typing import Annotated, Any, NoReturn

import psycopg
import typer

from runner import __version__
from runner.cells.file import Cell
from runner.connect import Target, connect, resolve, without_password
from runner.embedded import EmbeddedServer, bin_dir, default_home
from runner.errors import FAILED, INTERRUPTED, USAGE, RunnerError, way_out
from runner.project import root

app = typer.Typer(
    name="runner",
    help="Install, fill, check and measure fundwarden.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

keys = typer.Typer(help="Public keys of identity providers.", no_args_is_help=True)
app.add_typer(keys, name="keys")

cells = typer.Typer(help="Cells: installations that hold some tenants each.", no_args_is_help=True)
app.add_typer(cells, name="cells")

CellsFile = Annotated[
    Path, typer.Option("--file", envvar="FUNDWARDEN_CELLS", help="Which cells there are.")
]
Everywhere = Annotated[bool, typer.Option("--all", help="On every cell of the file.")]
CELLS = Path("cells.toml")


@dataclass
class Options:
    """What was said beside the command."""

    dsn: str | None = None
    verbose: bool = False


options = Options()

# What follows these belongs to another program.
PASSING_ON = ("psql", "test")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fundwarden {__version__}")
        raise typer.Exit


@app.callback()
def common(
    dsn: Annotated[
        str | None,
        typer.Option(help="Server to use; else DATABASE_URL, libpq's variables, the embedded one."),
    ] = None,
    verbose: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """Install, fill, check and measure fundwarden."""
    del version
    options.dsn = dsn
    options.verbose = verbose


def target() -> Target:
    """The database of this command, its server started."""
    return resolve(options.dsn)


def listed(file: Path) -> list[Cell]:
    """The cells of the file."""
    if options.dsn is not None:
        raise RunnerError("--dsn and the file of cells exclude each other", "Pass one.", USAGE)
    from runner.cells.file import read

    return read(file)


def say(line: str) -> None:
    """One line of what is being done."""
    typer.echo(line)


@app.command()
def migrate(
    plan: Annotated[bool, typer.Option(help="Only say what would be done.")] = False,
    everywhere: Everywhere = False,
    file: CellsFile = CELLS,
) -> None:
    """Bring the database to this version: all of it or nothing."""
    if everywhere:
        from runner.cells.everywhere import migrate_all

        migrate_all(listed(file), plan=plan, say=say)
        return
    from runner.migrations import migrate as run

    run(target(), plan=plan, say=say)


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    everywhere: Everywhere = False,
    file: CellsFile = CELLS,
) -> None:
    """Compare the database with this version, and check its health.

    Exits with 3 if the database differs, and with 1 if a health check is critical. Warnings are
    printed and exit with 0.
    """
    if everywhere:
        from runner.cells.everywhere import status_all

        if as_json:
            raise RunnerError("--json and --all exclude each other", "Ask each cell.", USAGE)
        raise typer.Exit(status_all(listed(file), say=say))
    from runner.migrations import status as run

    found = run(target())
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2, default=str))
    else:
        for line in found.lines():
            typer.echo(line)
    raise typer.Exit(found.exit_code)


@app.command()
def seed(
    records: Annotated[int, typer.Option(min=1, max=10_000_000, help="Users, orders, funds ...")],
    random_seed: Annotated[int, typer.Option(help="The same seed gives the same data.")] = 1,
    append: Annotated[bool, typer.Option(help="Add to what is there.")] = False,
    reset: Annotated[bool, typer.Option(help="Delete what is there first.")] = False,
) -> None:
    """Fill the database with a plausible organisation and its funds."""
    if append and reset:
        raise RunnerError("--append and --reset exclude each other", "Pass one.", USAGE)
    from runner.seeding import seed as run

    run(target(), records=records, random_seed=random_seed, append=append, reset=reset)


@app.command()
def load(path: Annotated[Path, typer.Argument(help="CSV: code, parent_code, name, kind.")]) -> None:
    """Load an organisation from a CSV file, all of it or nothing."""
    from runner.loading import load as run

    run(target(), path)


@app.command()
def register(
    table: Annotated[str, typer.Argument(help="Table to register, with its schema.")],
    owners: Annotated[str, typer.Option(help="JSON list of name, path and, if need be, key.")],
    resource: Annotated[str, typer.Option(help="Resource whose read permission shows the rows.")],
    name: Annotated[str | None, typer.Option(help="Name of the dataset; else the table's.")] = None,
    tenant_column: Annotated[str | None, typer.Option(help="Column with the tenant.")] = None,
    tenant_id: Annotated[int | None, typer.Option(help="The one tenant of all rows.")] = None,
    storage: Annotated[str, typer.Option(help="stored or joined.")] = "stored",
    plan: Annotated[bool, typer.Option(help="Only print what would be done.")] = False,
) -> None:
    """Make a table a dataset with owners, or print what that would add and lock."""
    from runner import registering

    arguments = {
        "table": table,
        "name": name,
        "owners": owners,
        "resource": resource,
        "tenant_column": tenant_column,
        "tenant_id": tenant_id,
        "storage": storage,
    }
    run = registering.plan if plan else registering.register
    run(target(), arguments, say=say)


@app.command()
def sync(
    folder: Annotated[Path, typer.Argument(help="Folder of units.csv, people.csv, grants.csv ...")],
    plan: Annotated[bool, typer.Option(help="Only say what would change.")] = False,
    only: Annotated[str, typer.Option(help="Kinds, as in people,grants; else all files.")] = "",
    under: Annotated[
        str | None, typer.Option(help="Code of the unit that the files are of.")
    ] = None,
    confirm: Annotated[
        int | None, typer.Option(help="How many may be deactivated, moved or removed.")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Code of the tenant; else that of the files.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Make the database what a company's files say, all of it or nothing."""
    from runner.syncing import Feed
    from runner.syncing import sync as run

    kinds = [name.strip() for name in only.split(",") if name.strip()]
    feed = Feed(plan_only=plan, only=kinds, under=under, tenant=tenant, confirm=confirm)
    run(target(), folder, feed, as_json=as_json)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder that the files are written to.")],
    tenant: Annotated[
        str | None, typer.Option(help="Code of the tenant, where there are several.")
    ] = None,
    under: Annotated[str | None, typer.Option(help="Code of the unit to write about.")] = None,
) -> None:
    """Write the files that `runner sync` would read to change nothing."""
    from runner.syncing import export as run

    run(target(), folder, tenant=tenant, under=under)


@app.command()
def report(
    out: Annotated[Path, typer.Argument(metavar="OUT.html", help="File to write.")],
    unit: Annotated[
        int | None, typer.Option(min=1, help="Id of a unit; else the only organisation.")
    ] = None,
) -> None:
    """Write who has access to what as one HTML page that works offline."""
    from runner.reporting import report as run

    run(target(), out, unit=unit, say=say)


@app.command()
def stats(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Print sizes and row counts of the tables."""
    from runner.statistics import stats as run

    run(target(), as_json=as_json)


@app.command()
def refresh(
    listen: Annotated[
        bool, typer.Option("--listen", help="Wait for changes, and refresh after each.")
    ] = False,
    everywhere: Everywhere = False,
    file: CellsFile = CELLS,
) -> None:
    """Refresh authz.user_effective_policies. Answers are exact without it."""
    if everywhere:
        from runner.cells.everywhere import refresh_all

        if listen:
            raise RunnerError("--listen and --all exclude each other", "Listen to each.", USAGE)
        raise typer.Exit(refresh_all(listed(file), say=say))
    from runner import refreshing

    if listen:
        refreshing.listen(target(), say=say)
    else:
        refreshing.refresh(target(), say=say)


@app.command()
def token(
    user: Annotated[int, typer.Argument(min=1, help="Id of the user who is to sign in.")],
    ttl: Annotated[str, typer.Option(help="How long it is good for, as an interval.")] = "1 hour",
    kid: Annotated[str | None, typer.Option(help="Key to sign with; else the newest.")] = None,
) -> None:
    """Print a token for authz.sign_in(), for trying out."""
    with connect(target()) as conn:
        issued = conn.execute(
            "select authz.issue_token(%s, %s::interval, %s)", (user, ttl, kid)
        ).fetchone()
    typer.echo(issued[0] if issued else "")


@keys.command("import")
def import_keys(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="JSON web key set.")
    ],
    issuer: Annotated[str | None, typer.Option(help="Provider; else the only one.")] = None,
    overlap: Annotated[
        str | None, typer.Option(help="How long a key that is no longer published verifies.")
    ] = None,
) -> None:
    """Make the keys of a file the keys of an identity provider."""
    from runner.loading import decoded

    with path.open("rb") as file:
        published = "".join(decoded(file, path.name))
    call = "issuer => %s, jwks => %s::jsonb" + ", overlap => %s::interval" * (overlap is not None)
    with connect(target()) as conn:
        imported = conn.execute(
            f"select * from authz.import_jwks({call})".encode(),
            [issuer, published, *([] if overlap is None else [overlap])],
        ).fetchall()
    for row in imported:
        typer.echo("\t".join(str(field) for field in row if field is not None))


@cells.command("list")
def list_cells(file: CellsFile = CELLS) -> None:
    """Print each cell with its number, its database without the password, and its tenants."""
    for cell in listed(file):
        where = without_password(cell.dsn)[0]
        say("\t".join([cell.name, str(cell.number), where, " ".join(cell.tenants)]))


@cells.command("add")
def add_cell(
    name: Annotated[str, typer.Argument(help="Name of the cell, as in north.")],
    dsn: Annotated[str, typer.Argument(help="Its database, migrated. Without a password.")],
    number: Annotated[int, typer.Option(help="0 is the platform; it never changes.")],
    tenant: Annotated[
        list[str] | None, typer.Option(help="Code of a tenant that it holds; once for each.")
    ] = None,
    file: CellsFile = CELLS,
) -> None:
    """Make a database a cell and write it into the file, or add tenants to one that is there."""
    from runner.cells.checking import become_cell
    from runner.cells.file import read, validate, with_cell, write

    added = Cell(name, number, dsn, tuple(tenant or ()))
    grown = with_cell(read(file) if file.exists() else [], added)
    validate(grown, str(file))
    become_cell(added)
    write(file, grown)
    say(f"{added.title} is in {file}")


@cells.command("pgbouncer")
def pgbouncer_of_cells(
    out: Annotated[Path | None, typer.Option(help="File to write; else it is printed.")] = None,
    file: CellsFile = CELLS,
) -> None:
    """Write the [databases] section of PgBouncer: a name for each tenant, and platform."""
    from runner.cells.file import replace_file
    from runner.cells.pooler import databases

    section = databases(listed(file))
    if out is None:
        typer.echo(section, nl=False)
    else:
        replace_file(out, section)
        say(f"wrote {out}; reload PgBouncer")


@cells.command("check")
def check_cells(
    through: Annotated[
        str | None, typer.Option(help="The pooler, without dbname; else each cell is asked.")
    ] = None,
    file: CellsFile = CELLS,
) -> None:
    """Connect to the database of each tenant and print which cell answers.

    Exits with 3 if another cell answers, or one that does not hold the tenant.
    """
    from runner.cells.checking import check

    raise typer.Exit(check(listed(file), through, say=say))


@cells.command("sync")
def sync_cells(file: CellsFile = CELLS) -> None:
    """Bring the rows of the platform from cell 0 to every other cell."""
    from runner.cells.shared import sync as run

    raise typer.Exit(run(listed(file), say=say))


@cells.command("connect")
def connect_to_cells(
    user: Annotated[
        str, typer.Option(help="Login of all other cells, a member of fundwarden_platform.")
    ],
    no_password: Annotated[
        bool,
        typer.Option(help="The server of cell 0 proves who it is, as by a certificate."),
    ] = False,
    file: CellsFile = CELLS,
) -> None:
    """Let cell 0 answer questions over all cells: platform.page_funds and others.

    The password of the login is the one that libpq finds, in PGPASSWORD or ~/.pgpass.
    """
    from runner.cells.connecting import connect_cells

    connect_cells(listed(file), user, without_password=no_password, say=say)


@cells.command("move")
def move_tenant(
    tenant: Annotated[str, typer.Argument(help="Code of the tenant.")],
    to: Annotated[str, typer.Option(help="Name of the cell that is to hold it.")],
    file: CellsFile = CELLS,
) -> None:
    """Move a tenant to another cell; run again, finish or take back what was interrupted."""
    from runner.cells.moving import move

    move(listed(file), file, tenant, to, say=say)


@app.command()
def demo(records: Annotated[int, typer.Option(min=1, max=10_000_000)] = 100_000) -> None:
    """Migrate, seed, page authorised funds and say why they are visible."""
    from runner.demo import demo as run

    run(target(), records=records)


@app.command()
def bench(
    suite: Annotated[str, typer.Option(help="What to measure.")] = "page",
    records: Annotated[int, typer.Option(min=100, max=10_000_000)] = 1_000_000,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
    quick: Annotated[bool, typer.Option(help="Fewer repetitions, shorter runs.")] = False,
    with_seed: Annotated[bool, typer.Option(help="Also measure seeding; takes minutes.")] = False,
    fresh: Annotated[bool, typer.Option(help="Build the data again.")] = False,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Suite compare: seconds a window.")
    ] = None,
    drop: Annotated[
        bool, typer.Option(help="Suite compare: drop the database above a million records after.")
    ] = False,
) -> None:
    """Measure side by side and write a report."""
    from bench import run

    run(
        target(),
        suite=suite,
        records=records,
        out=out,
        quick=quick,
        with_seed=with_seed,
        fresh=fresh,
        seconds=seconds,
        drop=drop,
    )


@app.command()
def docs(check: Annotated[bool, typer.Option(help="Only compare.")] = False) -> None:
    """Write docs/reference.md, and the rights in docs/security.md, from the catalog."""
    script = root() / "docs" / "generate.py"
    if not script.is_file():
        raise RunnerError("the documents are not installed", "Run this in a checkout.")
    run_path(str(script))["write"](target(), check=check)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run the test suite; what follows goes to pytest."""
    if not (root() / "tests").is_dir():
        raise RunnerError("the test suite is not installed", "Run this in a checkout.")
    done = subprocess.run([sys.executable, "-m", "pytest", *context.args], cwd=root(), check=False)
    raise typer.Exit(done.returncode)


@app.command()
def url() -> None:
    """Print the connection string without its password, with the embedded server started."""
    typer.echo(without_password(target().conninfo)[0])


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the database; what follows goes to psql."""
    found = target()
    conninfo, password = without_password(found.conninfo)
    if found.embedded:
        program = str(found.embedded.bin("psql"))
    else:
        program = shutil.which("psql") or str(bin_dir() / "psql")
    if password is not None:
        # Arguments are for everybody on the machine to read.
        os.environ["PGPASSWORD"] = password
    sys.stdout.flush()
    try:
        os.execv(program, ["psql", *(["-d", conninfo] if conninfo else []), *context.args])
    except OSError as error:
        raise RunnerError(
            f"cannot start psql: {error.strerror}", "Install the client of PostgreSQL."
        ) from error


@app.command()
def start() -> None:
    """Start the embedded server; other commands do so by themselves."""
    EmbeddedServer(default_home()).start()
    say("started")


@app.command()
def stop() -> None:
    """Stop the embedded server; its data stays."""
    say("stopped" if EmbeddedServer(default_home()).stop() else "was not running")


def main() -> None:
    """Run the command; errors go to stderr as a sentence and a hint, with their exit code."""
    try:
        # Not standalone, a typer.Exit comes back as its exit code, Ctrl-C as 130.
        code = app(_options_first(sys.argv[1:]), standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code)
    except RunnerError as error:
        _fail(error.message, error.hint, error.exit_code, error)
    except psycopg.Error as error:
        code = f" ({error.sqlstate})" if error.sqlstate else ""
        message = error.diag.message_primary or " ".join(str(error).split())
        hint = error.diag.message_hint or way_out(error.sqlstate)
        _fail(message + code, hint, FAILED, error)
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:
        # The parser's own exceptions have moved between releases of typer: told by what they do.
        told: Any = error
        if not hasattr(error, "format_message"):
            hint = "This is a bug of the runner; --verbose shows where."
            _fail(f"{type(error).__name__}: {error}", hint, FAILED, error)
        if type(error).__name__ == "NoArgsIsHelpError":
            told.show()
            sys.exit(USAGE)
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "runner"
        _fail(told.format_message(), f"Try {command} --help.", USAGE, error)


def _options_first(arguments: list[str]) -> list[str]:
    """The arguments with --dsn and --verbose in front, where they may also follow the command."""
    first: list[str] = []
    rest: list[str] = []
    left = iter(arguments)
    for argument in left:
        if argument == "--verbose" or argument.startswith("--dsn="):
            first.append(argument)
        elif argument == "--dsn":
            first += [argument, *(value for value in [next(left, None)] if value is not None)]
        elif argument == "--" or argument in PASSING_ON:
            rest += [argument, *left]
        else:
            rest.append(argument)
    return first + rest


def _fail(message: str, hint: str | None, exit_code: int, error: Exception) -> NoReturn:
    if options.verbose:
        import traceback

        traceback.print_exception(error)
    typer.echo(f"error: {message}", err=True)
    if hint:
        typer.echo(f"hint: {hint}", err=True)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
