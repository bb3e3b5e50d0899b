"""Reading SQL text without a server: statements, their lines, and what must not be in them.

Statements are split the way psql does it, so that a file means the same to both; each is sent on
its own, because the server names a position only for some errors and a statement's first line is
the next best thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

_TOKEN = re.compile(
    r"""
      (?P<comment>--[^\n]*)
    | (?P<block>/\*)
    | (?P<string>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<dollar>\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$)
    | (?P<word>[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*)
    | (?P<space>\s+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_RUNS_AS = re.compile(r"^--\s*runs as:\s*(.*?)\s*$", re.IGNORECASE)

_APPLIED_WITH = re.compile(r"^--\s*applied with:\s*(\S+)\s*$", re.IGNORECASE)

_REPEATABLE_CREATED = re.compile(
    r"""\bcreate\s+(?:or\s+replace\s+)?
        (?:(?:temp|temporary|local|global|recursive|constraint|event)\s+)*
        (function|procedure|aggregate|materialized\s+view|view|trigger|policy|rule)\b""",
    re.IGNORECASE | re.VERBOSE,
)

_NOT_TRANSACTIONAL = re.compile(r"^\s*--\s*transactional\s*:\s*false\b", re.I | re.M)

# As the first word of a statement each of these ends or divides the one transaction.
_TRANSACTION_CONTROL = frozenset(
    {"begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare"}
)


@dataclass(frozen=True)
class Statement:
    """One statement without its leading comments; `line` is the line its first word is on."""

    text: str
    line: int


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of every token; a dollar-quoted body is one token of kind dollar."""
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found is not None and found.lastgroup is not None
        kind, end = found.lastgroup, found.end()
        if kind == "dollar":
            closing = text.find(found.group(), end)
            end = len(text) if closing < 0 else closing + len(found.group())
        elif kind == "block":
            kind, depth = "comment", 1
            while depth and end < len(text):
                if text.startswith("/*", end):
                    depth, end = depth + 1, end + 2
                elif text.startswith("*/", end):
                    depth, end = depth - 1, end + 2
                else:
                    end += 1
        yield kind, at, end
        at = end


@cache
def split(text: str) -> tuple[Statement, ...]:
    """The statements of a script; `begin atomic` bodies and dollar quotes stay whole."""
    statements: list[Statement] = []
    start: int | None = None
    words: list[str] = []
    parens = blocks = 0
    for kind, at, end in _tokens(text):
        if kind in ("comment", "space"):
            continue
        token = text[at:end]
        if start is None:
            if token == ";":
                continue
            start, words, parens, blocks = at, [], 0, 0
        if kind == "word":
            word = token.lower()
            if len(words) < 4:
                words.append(word)
            makes_routine = words[0] == "create" and (
                words[1:2] in (["function"], ["procedure"])
                or words[1:4] in (["or", "replace", "function"], ["or", "replace", "procedure"])
            )
            if makes_routine and parens == 0:
                if word == "begin" or (word == "case" and blocks):
                    blocks += 1
                elif word == "end" and blocks:
                    blocks -= 1
        elif token == "(":
            parens += 1
        elif token == ")":
            parens = max(0, parens - 1)
        elif token == ";" and parens == 0 and blocks == 0:
            statements.append(Statement(text[start:end], line_of(text, start)))
            start = None
    if start is not None:
        statements.append(Statement(text[start:], line_of(text, start)))
    return tuple(statements)


def line_of(text: str, offset: int) -> int:
    """The 1-based line of a 0-based offset."""
    return text.count("\n", 0, offset) + 1


def code_only(text: str) -> str:
    """The text with comments and literals blanked, line breaks kept; dollar-quoted code stays."""
    pieces: list[str] = []
    for kind, at, end in _tokens(text):
        token = text[at:end]
        if kind in ("comment", "string", "quoted"):
            pieces.append(re.sub(r"[^\n]", " ", token))
        elif kind == "dollar":
            tag = token[: token.index("$", 1) + 1]
            pieces.append(" " * len(tag))
            pieces.append(code_only(token[len(tag) : max(len(tag), len(token) - len(tag))]))
            pieces.append(" " * len(tag))
        else:
            pieces.append(token)
    return "".join(pieces)


def runs_as(text: str) -> str | None:
    """The value of `-- runs as:` in the leading comment lines, None where there is none."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("--"):
            return None
        directive = _RUNS_AS.match(line)
        if directive:
            return directive.group(1)
    return None


def applied_with(text: str) -> list[str]:
    """Paths of `-- applied with:` in the leading comment lines: files this one depends on."""
    found: list[str] = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("--"):
            break
        directive = _APPLIED_WITH.match(line)
        if directive:
            found.append(directive.group(1))
    return found


@cache
def repeatable_created(text: str) -> tuple[str, int] | None:
    """The first kind of repeatable object the text creates, and its line."""
    code = code_only(text)
    found = _REPEATABLE_CREATED.search(code)
    if found is None:
        return None
    return " ".join(found.group(1).lower().split()), line_of(code, found.start())


def transaction_control(text: str) -> tuple[str, int] | None:
    """The first statement that would end or divide the transaction, and its line."""
    for statement in split(text):
        word = re.match(r"[a-z]+", statement.text, re.IGNORECASE)
        if word and word.group().lower() in _TRANSACTION_CONTROL:
            return word.group().lower(), statement.line
    return None


def not_transactional(text: str) -> int | None:
    """The line of a `-- transactional: false`, if there is one."""
    found = _NOT_TRANSACTIONAL.search(text)
    return None if found is None else line_of(text, found.start())
