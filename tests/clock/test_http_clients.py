"""HTTP libraries and retry libraries, none of which knows that time is virtual."""

from __future__ import annotations

import asyncio
import time

from servers import http, waits

WAITS = (5, 10, 20)


def through_requests(clock):
    import requests

    with http(429, 429, 429, 200) as (url, moments), requests.Session() as session:
        for wait in (*WAITS, None):
            status = session.post(url + "/order", json={"a": 1}, timeout=30).status_code
            if wait:
                time.sleep(wait)
    return status, waits(moments)


def through_httpx(clock):
    import httpx

    with http(429, 429, 429, 200) as (url, moments), httpx.Client() as client:
        for wait in (*WAITS, None):
            status = client.post(url + "/order", json={"a": 1}).status_code
            if wait:
                time.sleep(wait)
    return status, waits(moments)


def through_async_httpx(clock):
    import httpx

    async def main(url):
        async with httpx.AsyncClient() as client:
            for wait in (*WAITS, None):
                status = (await client.post(url + "/order", json={"a": 1})).status_code
                if wait:
                    await asyncio.sleep(wait)
        return status

    with http(429, 429, 429, 200) as (url, moments):
        return asyncio.run(main(url)), waits(moments)


def through_aiohttp(clock):
    import aiohttp

    async def main(url):
        async with aiohttp.ClientSession() as session:
            for wait in (*WAITS, None):
                async with session.post(url + "/order", json={"a": 1}) as response:
                    status = response.status
                if wait:
                    await asyncio.sleep(wait)
        return status

    with http(429, 429, 429, 200) as (url, moments):
        return asyncio.run(main(url)), waits(moments)


def through_http_client(clock):
    import http.client

    with http_server_of_three() as (url, moments):
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
        for wait in (*WAITS, None):
            connection.request("POST", "/order", body=b"{}")
            response = connection.getresponse()
            response.read()
            if wait:
                time.sleep(wait)
        connection.close()
    return response.status, waits(moments)


def http_server_of_three():
    return http(429, 429, 429, 200)


def test_requests_waits_as_long_as_it_means_to(virtually):
    assert virtually(through_requests).result == [200, [5, 10, 20]]


def test_httpx_waits_as_long_as_it_means_to(virtually):
    assert virtually(through_httpx).result == [200, [5, 10, 20]]


def test_asynchronous_httpx_waits_as_long_as_it_means_to(virtually):
    assert virtually(through_async_httpx).result == [200, [5, 10, 20]]


def test_aiohttp_waits_as_long_as_it_means_to(virtually):
    assert virtually(through_aiohttp).result == [200, [5, 10, 20]]


def test_http_client_waits_as_long_as_it_means_to(virtually):
    life = virtually(through_http_client)
    assert life.result == [200, [5, 10, 20]]
    assert life.flowed == 0
