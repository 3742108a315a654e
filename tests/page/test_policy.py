"""Nothing leaves the browser: the policy, what the page requests, and attempts that it refuses."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cfn import TOP

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; "
    "connect-src 'none'; form-action 'none'"
)
FILES = {"index.html", "page.css", "page.js", "results.js", "examples.js", "worker.js"}

# Ways to send something out, each ending with what became of it. `away` is an address of the server.
ATTEMPTS = {
    "fetch": "fetch(away).then(() => 'sent', () => 'refused')",
    "beacon": "Promise.resolve(navigator.sendBeacon(away, 'x')).then(() => 'tried')",
    "request": """new Promise((end) => {
        const request = new XMLHttpRequest();
        request.onload = () => end("sent");
        request.onerror = () => end("refused");
        request.open("GET", away);
        request.send();
    })""",
    "image": """new Promise((end) => {
        const image = new Image();
        image.onload = () => end("sent");
        image.onerror = () => end("refused");
        image.src = away;
    })""",
    "script": """new Promise((end) => {
        const script = document.createElement("script");
        script.onload = () => end("sent");
        script.onerror = () => end("refused");
        script.src = away.replace("127.0.0.1", "localhost");
        document.body.append(script);
    })""",
    "form": """new Promise((end) => {
        const form = document.createElement("form");
        form.action = away;
        document.body.append(form);
        document.addEventListener("securitypolicyviolation", () => end("refused"), { once: true });
        form.submit();
    })""",
    "worker": """new Promise((end) => {
        const text = `fetch(${JSON.stringify(away)}).then(() => postMessage("sent"), () => postMessage("refused"))`;
        const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
        worker.onmessage = ({ data }) => end(data);
    })""",
}


def test_the_policy_is_in_the_page_before_anything_else(folder):
    html = (folder / "index.html").read_text()
    assert f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">' in html
    assert html.index(POLICY) < min(html.index("<script"), html.index("<link"))
    assert html.count("Content-Security-Policy") == 1
    assert "Nothing leaves your browser." in html


def attempt(browser, script, away):
    return browser.driver.execute_async_script(
        f"const [away, done] = arguments; ({script}).then(done);", away
    )


@pytest.mark.parametrize("way", ATTEMPTS)
def test_an_attempt_to_send_is_refused(page, server, way):
    path = f"/away-{way}"
    away = page.address.replace("/index.html", path)
    assert attempt(page.browser, ATTEMPTS[way], away) in ("refused", "tried")
    # What is requested after it has arrived, so the attempt would have arrived too.
    page.browser.driver.get(page.address)
    assert [seen for seen in server.paths if seen.startswith(path)] == []


def test_the_same_attempts_succeed_without_the_policy(browser, server):
    address = f"http://127.0.0.1:{server.server_port}"
    for way in ("fetch", "request", "worker"):
        browser.driver.get(f"{address}/page.css")
        assert attempt(browser, ATTEMPTS[way], f"{address}/page.js?{way}") == "sent"
        assert f"/page.js?{way}" in server.paths


def test_using_the_page_requests_its_own_files_only(page):
    browser = page.browser
    browser.network()
    browser.driver.refresh()
    page.until(lambda: browser.text("#version").startswith("Version "), "start of the module")
    page.set("stdout")
    page.write('INFO {"_aws":{"Timestamp":1}}')
    page.ended()
    page.explain(TOP / "tests/data/explain/good.jsonl", now="2026-11-22T12:00:00Z")
    events = browser.network()
    addresses = [parameters["request"]["url"] for method, parameters in events if method == "Network.requestWillBeSent"]
    files = {Path(urlsplit(one).path).name for one in addresses if not one.startswith("blob:")}
    assert files - {"favicon.ico"} == FILES
    own = urlsplit(page.address).netloc
    assert {urlsplit(one.removeprefix("blob:")).netloc for one in addresses} == {own}
    assert [entry for entry in browser.console() if "favicon" not in entry["message"]] == []


def test_the_worker_is_a_blob_and_so_has_the_policy_of_the_page(page):
    targets = page.browser.devtools("Target.getTargets")["targetInfos"]
    workers = [target["url"] for target in targets if target["type"] == "worker"]
    own = page.address.removesuffix("/index.html")
    assert workers and all(url.startswith(f"blob:{own}") for url in workers), targets
