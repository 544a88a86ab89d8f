"""Tasks in processes of their own."""

import dataclasses
import os

import pytest

from lp_sampler import SamplerError
from lp_sampler._workers import Workers


@dataclasses.dataclass
class Count:
    """Counts to `steps`, then tells its process."""

    steps: int
    fails: bool = False
    dies: bool = False

    def run(self, advance):
        for _ in range(self.steps):
            advance(1)
        if self.dies:
            os._exit(3)
        if self.fails:
            raise SamplerError("as asked")
        return os.getpid()


def test_tasks_run_elsewhere_and_report_their_steps():
    """Two workers are two other processes, kept from task to task; every step is heard."""
    heard = []
    with Workers(2) as workers:
        places = {workers.run(Count(5), heard.append) for _ in range(4)}
    assert len(places) == 2
    assert os.getpid() not in places
    assert sum(heard) == 20


def test_one_worker_is_this_process():
    """Nothing is started for a single place."""
    with Workers(1) as workers:
        assert workers.run(Count(1), lambda steps: None) == os.getpid()


def test_what_cannot_be_sent_runs_here():
    """A function of the caller's own keeps the task in this process."""
    task = Count(1)
    task.own = lambda: None
    with Workers(2) as workers:
        assert workers.run(task, lambda steps: None) == os.getpid()


def test_errors_come_back():
    """An error in a worker is raised here, and the worker goes on."""
    with Workers(2) as workers:
        for _ in range(3):
            with pytest.raises(SamplerError, match="as asked"):
                workers.run(Count(1, fails=True), lambda steps: None)


def test_a_dead_worker_is_told():
    """A process that ends on its own is one clear error with its status."""
    with Workers(2) as workers, pytest.raises(SamplerError, match="exit status 3"):
        workers.run(Count(1, dies=True), lambda steps: None)


def test_stopping_ends_the_process():
    """Whatever `advance` raises comes out; the process ends, and the next task has a new one."""

    def stop(steps):
        raise KeyboardInterrupt

    with Workers(2) as workers:
        first = workers._all[0]
        with pytest.raises(KeyboardInterrupt):
            workers.run(Count(10**9), stop)
        assert first._process is None
        assert workers.run(Count(2), lambda steps: None) != os.getpid()
