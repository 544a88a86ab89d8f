"""Tasks in processes of their own: Python threads would wait for each other at every step.

A worker is a Python that imports this package from where its parent did, reads pickled tasks and
writes back steps and results.  What lives in the caller's main script cannot be sent: such tasks
run in the calling process.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Protocol

from ._errors import SamplerError
from ._progress import Advance

_START = "import sys; sys.path[:] = {path!r}; from lp_sampler._workers import serve; serve()"


class Task(Protocol):
    """Something long that tells how many steps it has done."""

    def run(self, advance: Advance) -> Any:
        """Do it; `advance` may raise to stop."""


class Workers:
    """`count` places to run tasks; a context that ends its processes however it is left."""

    def __init__(self, count: int) -> None:
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._all = [_Worker() for _ in range(count)] if count > 1 else []
        for worker in self._all:
            self._idle.put(worker)

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._all:
            worker.end()

    def run(self, task: Task, advance: Advance) -> Any:
        """The task's result: from a worker, or from here where it cannot be sent."""
        message = _pickled(task) if self._all else None
        if message is None:
            return task.run(advance)
        worker = self._idle.get()
        try:
            return worker.run(message, advance)
        finally:
            self._idle.put(worker)


def _pickled(task: Task) -> bytes | None:
    """The task's bytes, None where another process could not read them."""
    try:
        message = pickle.dumps(task, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None
    return None if b"__main__" in message else message


class _Worker:
    """A process; started with its first task."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START.format(path=sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is the parent's to hear
            )
        return self._process

    def run(self, message: bytes, advance: Advance) -> Any:
        """The result of one task; a process that did not finish its task is not used again."""
        process, finished = self._started(), False
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(message)
            process.stdin.flush()
            while not finished:
                kind, value = pickle.load(process.stdout)
                finished = kind != "steps"
                if not finished:
                    advance(value)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            status = process.wait()
            raise SamplerError(f"a worker process ended with exit status {status}") from error
        finally:
            if not finished:
                self.end()
        if kind == "error":
            raise value
        return value

    def end(self) -> None:
        """Stop the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def serve() -> None:
    """The worker's side: tasks from stdin until it closes, messages to stdout."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr

    def send(kind: str, value: Any) -> None:
        try:
            message = pickle.dumps((kind, value), pickle.HIGHEST_PROTOCOL)
        except Exception:
            message = pickle.dumps(("error", SamplerError(f"{type(value).__name__}: {value}")))
        target.write(message)
        target.flush()

    while True:
        try:
            task = pickle.load(source)
        except EOFError:
            return
        try:
            send("result", task.run(lambda steps: send("steps", steps)))
        except BrokenPipeError:
            return
        except Exception as error:
            send("error", error)
