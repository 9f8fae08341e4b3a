"""A task of trio that awaits for Rust. `trio.rs` makes it."""

import asyncio

import outcome
import trio


class Task:
    """A system task, with the methods of `asyncio.Task` that Rust calls."""

    def __init__(self, awaitable, context, report):
        self.awaitable = awaitable
        self.report = report
        self.scope = trio.CancelScope()
        self.outcome = None
        self.is_retrieved = False
        self.callback = None
        self.cancel_args = ()
        name = getattr(awaitable, "__qualname__", type(awaitable).__qualname__)
        trio.lowlevel.spawn_system_task(self.run, name=name, context=context)

    async def run(self):
        awaitable, self.awaitable = self.awaitable, None
        try:
            with self.scope:
                self.outcome = outcome.Value(await awaitable)
        except trio.Cancelled:
            # The run ends.
            raise
        except BaseException as error:
            # An exception that leaves a system task ends the run.
            self.outcome = outcome.Error(error)
        finally:
            del awaitable
            self.end()

    def end(self):
        callback, self.callback = self.callback, None
        if callback is not None:
            callback(self)
        if isinstance(self.outcome, outcome.Error) and not self.is_retrieved:
            self.report(self.outcome.error)

    def cancel(self, msg=None):
        self.cancel_args = () if msg is None else (msg,)
        self.scope.cancel()

    def done(self):
        return self.outcome is not None

    def add_done_callback(self, callback):
        self.callback = callback

    def result(self):
        self.is_retrieved = True
        if self.outcome is not None:
            return self.outcome.unwrap()
        if self.scope.cancel_called:
            # The error that a cancelled task of asyncio has, which Rust knows.
            raise asyncio.CancelledError(*self.cancel_args)
        raise trio.RunFinishedError("the run of trio ended before this was done")
