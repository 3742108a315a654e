"""The OpenAPI description is valid, and every answer of a real sidecar is as it and the schema describe."""

import http.client
import json
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource

TOP = Path(__file__).resolve().parents[2]
FILE = TOP / "src" / "answer" / "clients" / "openapi.json"
DESCRIPTION = json.loads(FILE.read_text())
SCHEMA = json.loads((TOP / "src" / "clock" / "report.schema.json").read_text())
# Where the description is, if the schema is where its `$id` is.
HERE = "https://ecs-clock-emf.example/src/answer/clients/openapi.json"
REGISTRY = Registry().with_resources(
    [(SCHEMA["$id"], Resource.from_contents(SCHEMA)), (HERE, Resource.opaque(DESCRIPTION))]
)


def test_it_is_valid():
    assert list(OpenAPIV31SpecValidator(DESCRIPTION, base_uri=FILE.as_uri()).iter_errors()) == []


def test_it_refers_to_the_schema_by_its_id():
    assert urljoin(HERE, DESCRIPTION["components"]["schemas"]["Report"]["$ref"]) == SCHEMA["$id"]


def test_it_has_the_version_of_the_program():
    assert f'\nversion = "{DESCRIPTION["info"]["version"]}"\n' in (TOP / "Cargo.toml").read_text()


def pointer(reference):
    value = DESCRIPTION
    for part in reference.removeprefix("#/").split("/"):
        value = value[part]
    return value


def check(path, status, answer):
    """Holds an answer against the response that is described for its status."""
    described = DESCRIPTION["paths"][path]["get"]["responses"][str(status)]
    described = pointer(described["$ref"]) if "$ref" in described else described
    [(media, content)] = described["content"].items()
    # A schema's own references are of this file.
    schema = {"$id": HERE + "/response", **json.loads(json.dumps(content["schema"]).replace('"#/', f'"{HERE}#/'))}
    Draft202012Validator(schema, registry=REGISTRY).validate(answer)
    return media


def ask(address, target, method="GET", is_text=False, **headers):
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request(method, target, headers=headers)
    response = connection.getresponse()
    answer = response.read().decode()
    connection.close()
    return response.status, response.headers["Content-Type"], answer if is_text else json.loads(answer)


QUERIES = ["", "?max_error=5ms", "?max_error=0.1us&max_age=30m&age_adjusted=true", "?max_error=off", "?for=cockroachdb", "?valid_for=1s"]


@pytest.mark.parametrize("query", [*QUERIES, "?after=2026-01-31T12:00:00.5Z"])
@pytest.mark.parametrize("scenario", ["good", "unsynchronized", "no-bound", "no-reference", "down"])
def test_answers_are_as_described(sidecars, scenario, query):
    status, media, answer = ask(sidecars(scenario).address, f"/clock{query}")
    assert status in (200, 503) and check("/clock", status, answer) == media
    assert set(answer) <= set(SCHEMA["properties"])


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("scenario", ["good", "unsynchronized", "no-bound", "no-reference", "down"])
def test_lines_are_as_described_and_say_the_same(sidecars, scenario, query):
    address = sidecars(scenario).address
    status, media, line = ask(address, f"/clock.txt{query}", is_text=True)
    assert status in (200, 503) and check("/clock.txt", status, line) == media
    json_status, _, answer = ask(address, f"/clock{query}")
    assert status == json_status
    if status == 503:
        verdict, *reasons = line.split("\t")
        assert verdict == f"not_good {','.join(answer['codes'])}" and len(reasons) == len(answer["reasons"])


@pytest.mark.parametrize(
    "path, query, headers, status",
    [
        ("/clock", "?max_eror=5ms", {}, 400),
        ("/clock", "?max_error=5m", {}, 400),
        ("/clock", "?after=noon", {}, 400),
        ("/clock", "?valid_for=61s", {}, 400),
        ("/clock.txt", "?max_error=5m", {}, 400),
        ("/clock.txt", "?after=2026-01-31T12:00:00.5Z", {}, 400),
        ("/clock.txt", "", {"Host": "example.com"}, 421),
        ("/clock", "", {"X-Forwarded-For": "10.0.0.1"}, 403),
        ("/clock", "", {"Host": "example.com"}, 421),
        ("/healthz", "", {"Host": "example.com"}, 421),
        ("/healthz", "", {}, 200),
    ],
)
def test_other_answers_are_as_described(sidecars, path, query, headers, status):
    given, media, answer = ask(sidecars("good").address, path + query, **headers)
    assert given == status and check(path, status, answer) == media


@pytest.mark.parametrize("path", ["/clock", "/clock.txt", "/healthz"])
def test_a_wrong_method_is_as_described(sidecars, path):
    status, media, answer = ask(sidecars("good").address, path, method="POST")
    assert status == 405 and check(path, 405, answer) == media


def test_every_parameter_is_described(sidecars):
    """The sidecar lists them where it does not know one."""
    _, _, answer = ask(sidecars("good").address, "/clock?unknown=1")
    named = {pointer(parameter["$ref"])["name"] for parameter in DESCRIPTION["paths"]["/clock"]["get"]["parameters"]}
    listed = answer["error"].partition(" there are ")[2] or answer["error"].partition("expected ")[2]
    assert {name.strip() for name in listed.replace(" or ", ", ").split(",") if name.strip()} == named, answer


def test_the_check_notices(sidecars):
    status, _, answer = ask(sidecars("good").address, "/clock")
    for broken in ({**answer, "verdict": "not_good"}, {**answer, "latest": None}, {**answer, "error_bound_ms": "1"}):
        with pytest.raises(Exception, match="."):
            check("/clock", status, broken)
