"""The page's files over HTTP: what browsers may do with them, and who gets them."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.resources import files

import httpx
import pytest
from fake_client import FakeClient
from ingress_app import browser, make_app

STATIC = files("ingress.web").joinpath("static")


def addresses(page: str) -> list[str]:
    """Of the files that a document loads."""
    return re.findall(r'(?:src|href)="(assets/[^"]+)"', page)


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_document_may_load_from_this_server_alone(
    http: httpx.AsyncClient, path: str
) -> None:
    answer = await http.get(path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "://" not in answer.text


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_files_are_kept_for_ever_under_the_address_of_their_version(
    http: httpx.AsyncClient, path: str
) -> None:
    found = addresses((await http.get(path)).text)
    assert found
    for address in found:
        answer = await http.get(f"/{address}")
        assert answer.status_code == 200, address
        assert answer.headers["cache-control"].endswith("immutable")
        assert answer.headers["x-content-type-options"] == "nosniff"
        other = await http.get(re.sub("assets/[^/]+", "/assets/other", address))
        assert (other.content, other.headers["cache-control"]) == (answer.content, "no-store")


async def test_modules_are_served_as_javascript(http: httpx.AsyncClient) -> None:
    for script in (one.name for one in STATIC.iterdir() if one.name.endswith(".js")):
        answer = await http.get(f"/assets/x/{script}")
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        for name in re.findall(r'from "\./([^"]+)"', answer.text):
            assert STATIC.joinpath(name).is_file(), f"{script} imports {name}"


@pytest.mark.parametrize("path", ["/assets/x/nothing.js", "/assets/x/..%2froutes.py", "/assets/x"])
async def test_nothing_else_is_there(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"]


async def test_the_page_opens_without_the_key_that_the_api_needs(models: FakeClient) -> None:
    async with browser(make_app(models, api_keys="tok")) as http:
        page = await http.get("/")
        assert page.status_code == 200
        for address in addresses(page.text):
            assert (await http.get(f"/{address}")).status_code == 200
        assert (await http.get("/v1/models")).status_code == 401


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"page": False}, {"/": 404, "/docs": 200, "/assets/x/swagger-ui.css": 200}),
        ({"docs": "off"}, {"/": 200, "/docs": 404, "/assets/x/page.js": 200}),
        ({"page": False, "docs": "off"}, {"/": 404, "/docs": 404, "/assets/x/page.js": 404}),
    ],
)
async def test_what_is_off_is_not_there(
    models: FakeClient, settings: dict[str, object], expected: dict[str, int]
) -> None:
    async with browser(make_app(models, **settings)) as http:
        found = {path: (await http.get(path)).status_code for path in expected}
    assert found == expected


@pytest.mark.parametrize("docs", ["open", "off"])
async def test_the_page_links_to_the_reference_where_it_is(models: FakeClient, docs: str) -> None:
    async with browser(make_app(models, docs=docs)) as http:
        (link,) = re.findall(r"<a [^>]*docs-link[^>]*>", (await http.get("/")).text)
    assert ("hidden" in link) is (docs == "off")


@pytest.mark.parametrize("name", [one.name for one in STATIC.iterdir() if one.suffix == ".js"])
def test_scripts_are_javascript(name: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    done = subprocess.run(
        [node, "--check", "--input-type=module"],
        input=STATIC.joinpath(name).read_bytes(),
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_functions_and_files_stay_short() -> None:
    """The house's bounds, which no linter here reads in JavaScript."""
    for file in STATIC.iterdir():
        lines = file.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 300, file.name
        assert max(map(len, lines)) <= 160 or file.suffix != ".js", file.name
