"""The baseline of the Telegram web hook: a bare aiohttp handler that reads an update and makes the same one call.
`python -m bench.hook PORT API_URL`"""

import sys
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

SESSION = web.AppKey("session", aiohttp.ClientSession)


async def hook(request: web.Request) -> web.Response:
    update = await request.json()
    message = {"chat_id": update["message"]["chat"]["id"], "text": "Thank you. And what would you improve?"}
    async with request.app[SESSION].post(f"{sys.argv[2]}/bot1:bench/sendMessage", json=message) as answer:
        await answer.json()
    return web.Response()


async def session(app: web.Application) -> AsyncIterator[None]:
    async with aiohttp.ClientSession() as app[SESSION]:
        yield


async def echo(request: web.Request) -> web.Response:
    return web.json_response(await request.json())


def main() -> None:
    app = web.Application()
    app.router.add_post("/hook", hook)
    app.router.add_post("/echo", echo)
    app.cleanup_ctx.append(session)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
