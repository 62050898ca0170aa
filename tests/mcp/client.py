"""Asks the server that the arguments start, by the official client."""

import asyncio
import os
import sys

from mcp import StdioServerParameters
from mcp.client.client import Client
from mcp.client.stdio import stdio_client


async def ask(mode):
    server = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:], env=dict(os.environ))
    async with Client(stdio_client(server), mode=mode) as client:
        tools = (await client.list_tools()).tools
        print(mode, client.protocol_version, *(tool.name for tool in tools))
        found = await client.call_tool("sfs_list", {})
        print(mode, found.is_error, found.content[0].text)
        wrong = await client.call_tool("sfs_show", {"rev": "nothing-such"})
        print(mode, wrong.is_error)


for mode in ("legacy", "auto"):
    asyncio.run(ask(mode))
