"""Clients at once: the same driver for every strategy, so that its own cost is the same.

Processes that live as long as the run, a thread a client in them: one process would share one
interpreter lock among a hundred clients.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from bench.compare.strategies import EVERY, Places, Question
from runner.errors import RunnerError

# Sent to a process: which strategy, by how many clients of the process, for how long.
STOP = None
LEAD_SECONDS = 0.05


@dataclass(frozen=True)
class Job:
    """One window of one strategy in one process."""

    strategy: str
    places: Places
    questions: tuple[Question, ...]
    clients: int
    connections: int
    seconds: float
    warm: bool
    seed: int


@dataclass
class Seen:
    """What clients saw; latencies in milliseconds, of requests that ended within the window."""

    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    unfinished: int = 0

    def add(self, other: Seen) -> None:
        """What other clients saw as well."""
        self.latencies += other.latencies
        self.errors += other.errors
        self.unfinished += other.unfinished


@dataclass
class Load:
    """A strategy under that many clients, over all its windows."""

    strategy: str
    clients: int
    seconds: float
    seen: Seen

    @property
    def done(self) -> int:
        """Requests that ended within the windows."""
        return len(self.seen.latencies)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.done / self.seconds

    @property
    def errors(self) -> int:
        """Requests that failed."""
        return sum(self.seen.errors.values())

    @property
    def mean(self) -> float:
        """Of the latencies."""
        return statistics.mean(self.seen.latencies)

    def percentile(self, share: float) -> float:
        """The latency that this share of the requests did not exceed."""
        ordered = sorted(self.seen.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Clients:
    """Processes that wait for jobs; used as a context."""

    def __init__(self, places: Places, questions: tuple[Question, ...], connections: int) -> None:
        self.places = places
        self.questions = questions
        self.connections = connections
        self._pipes: list[Connection] = []
        self._processes: list[Any] = []
        self._windows = 0

    def __enter__(self) -> Clients:
        # A fork would copy the parent's connections and whatever its threads hold.
        context = multiprocessing.get_context("spawn")
        for _ in range(2 * (os.cpu_count() or 1)):
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        return self

    def __exit__(self, *error: object) -> None:
        for pipe in self._pipes:
            with contextlib.suppress(OSError):
                pipe.send(STOP)
        for process in self._processes:
            process.join(10)
            if process.is_alive():
                process.terminate()

    def window(self, strategy: str, clients: int, seconds: float, *, warm: bool = True) -> Seen:
        """That many clients at once, for that long."""
        used = self._pipes[: min(clients, len(self._pipes))]
        self._windows += 1
        for number, pipe in enumerate(used):
            share = clients // len(used) + (number < clients % len(used))
            pipe.send(
                Job(
                    strategy,
                    self.places,
                    self.questions,
                    share,
                    self.connections // len(used),
                    seconds,
                    warm,
                    self._windows * 1000 + number,
                )
            )
        # All are ready before any begins; where one is not, none does.
        said = [_said(pipe) for pipe in used]
        ready = [
            pipe for pipe, one in zip(used, said, strict=True) if not isinstance(one, Exception)
        ]
        begin = time.monotonic() + LEAD_SECONDS if len(ready) == len(used) else None
        for pipe in ready:
            pipe.send(begin)
        said += [_said(pipe) for pipe in ready]
        seen = Seen()
        for one in said:
            if isinstance(one, Exception):
                raise RunnerError(f"the clients of {strategy} failed: {one}") from one
            if isinstance(one, Seen):
                seen.add(one)
        return seen


def _said(pipe: Connection) -> Any:
    """What the process says next: that it is ready, what its clients saw, or its failure."""
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return RuntimeError("a client process ended")


def work(pipe: Connection) -> None:
    """A client process: jobs come, what was seen goes back, until there are no more."""
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        if job is STOP:
            return
        try:
            pipe.send(run(job, pipe))
        except Exception as error:
            pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))


def run(job: Job, pipe: Connection) -> Seen:
    """Open, warm up, wait for the word, ask until the window closes, cancel what still runs."""
    strategy = EVERY[job.strategy]
    sessions = strategy.open(job.places, job.clients, job.connections)
    results = [Seen() for _ in sessions]
    try:
        if job.warm:
            for one in sessions:
                strategy.ask(one, job.questions[0])
        pipe.send("ready")
        begin = pipe.recv()
        if begin is None:
            return Seen()
        end = begin + job.seconds
        threads = [
            threading.Thread(
                target=_client,
                args=(strategy, one, job.questions, begin, end, job.seed * 1000 + n, results[n]),
                daemon=True,
            )
            for n, one in enumerate(sessions)
        ]
        for thread in threads:
            thread.start()
        time.sleep(max(0.0, end - time.monotonic()))
        # Again, as a session of several statements may be between two of them.
        while any(thread.is_alive() for thread in threads):
            for one, thread in zip(sessions, threads, strict=True):
                if thread.is_alive():
                    with contextlib.suppress(Exception):
                        one.cancel()
            for thread in threads:
                thread.join(0.2 / len(threads))
    finally:
        for one in sessions:
            with contextlib.suppress(Exception):
                one.close()
    seen = Seen()
    for each in results:
        seen.add(each)
    return seen


def _client(
    strategy: Any,
    session: Any,
    questions: tuple[Question, ...],
    begin: float,
    end: float,
    seed: int,
    seen: Seen,
) -> None:
    choose = random.Random(seed)  # noqa: S311
    time.sleep(max(0.0, begin - time.monotonic()))
    while (start := time.monotonic()) < end:
        try:
            strategy.ask(session, choose.choice(questions))
            if (now := time.monotonic()) <= end:
                seen.latencies.append((now - start) * 1e3)
            else:
                seen.unfinished += 1
        except Exception as error:
            if time.monotonic() > end:
                seen.unfinished += 1
            else:
                seen.errors[f"{type(error).__name__}: {error}".splitlines()[0]] += 1
