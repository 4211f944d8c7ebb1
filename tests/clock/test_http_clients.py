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


def through_tenacity(clock):
    import httpx
    import tenacity

    @tenacity.retry(wait=tenacity.wait_exponential(multiplier=5), stop=tenacity.stop_after_attempt(4))
    def order(url):
        httpx.post(url, json={}).raise_for_status()

    with http(429, "reset", 503, 200) as (url, moments):
        order(url)
    return waits(moments)


def test_tenacity_waits_as_long_as_it_means_to(virtually):
    assert virtually(through_tenacity).result == [5, 10, 20]


def through_stamina(clock):
    import httpx
    import stamina

    @stamina.retry(on=httpx.HTTPError, attempts=4, wait_initial=5, wait_max=20, wait_jitter=0, timeout=600)
    async def order(client, url):
        (await client.post(url, json={}, timeout=30)).raise_for_status()

    async def main(url):
        async with httpx.AsyncClient() as client:
            await order(client, url)

    with http(429, "hang", 503, 200) as (url, moments):
        asyncio.run(main(url))
    return waits(moments)


def test_stamina_waits_as_long_as_it_means_to(virtually):
    assert virtually(through_stamina).result == [5, 40, 20]


def through_urllib3_retries(clock):
    import requests
    import urllib3

    retries = urllib3.Retry(total=4, backoff_factor=5, status_forcelist=[429, 503], allowed_methods=None)
    with http(429, 503, 429, 200) as (url, moments), requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retries))
        session.post(url, json={}, timeout=3).raise_for_status()
    return waits(moments)


def test_urllib3_waits_as_long_as_it_means_to(virtually):
    assert virtually(through_urllib3_retries).result == [0, 10, 20]


def many_at_once(clock, number):
    import aiohttp

    async def order(session, url):
        async with session.post(url, json={}) as response:
            return response.status

    async def main(url):
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            return await asyncio.gather(*(order(session, url) for _ in range(number)))

    with http(*[(3, 201)] * number) as (url, _):
        return asyncio.run(main(url))


def test_many_requests_at_once_wait_side_by_side(virtually):
    life = virtually(many_at_once, 80)
    assert life.result == [201] * 80
    assert round(life.seconds, 1) == 3


def from_many_threads(clock, number):
    import concurrent.futures

    import httpx

    with (
        http(*[(3, 201)] * number) as (url, _),
        httpx.Client(timeout=5) as client,
        concurrent.futures.ThreadPoolExecutor(10) as pool,
    ):
        return list(pool.map(lambda _: client.post(url, json={}).status_code, range(number)))


def test_requests_from_many_threads_wait_side_by_side(virtually):
    life = virtually(from_many_threads, 100)
    assert life.result == [201] * 100
    assert round(life.seconds, 1) == 30
