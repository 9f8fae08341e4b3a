"""A service in Python, which the tests of shared_values.rs share."""

import asyncio

class Service:
    """Doubles numbers, in a task that lives from start() to stop()."""

    def __init__(self):
        self.questions = asyncio.Queue()
        self.answered = 0

    @classmethod
    async def start(cls):
        service = cls()
        service.task = asyncio.create_task(service.work())
        return service

    async def work(self):
        while True:
            number, answer = await self.questions.get()
            self.answered += 1
            if not answer.done():
                answer.set_result(2 * number)

    async def double(self, number):
        answer = asyncio.get_running_loop().create_future()
        await self.questions.put((number, answer))
        return await answer

    async def stop(self):
        self.task.cancel()
        try:
            await self.task
        except asyncio.CancelledError:
            pass
