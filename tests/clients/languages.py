"""The clients and how each is driven.

A driver is a small program in the client's language. It reads one command a line and prints one reply a line:

    open URL MAX_ERROR_MS CACHE_MS TIMEOUT_MS    opened
    now                                          good EARLIEST LATEST BEFORE AFTER, or refused CODES REASONS
    many N                                       many GOOD REFUSED: N callers at once
    past LATER_MS PATIENCE_MS                    past TIMESTAMP AFTER TICKS, or refused CODES REASONS
    fake                                         fake good CODES: a fake that is good, then not
    interrupted AFTER_MS                         interrupted: a caller that is stopped while it waits for an answer

Times are in nanoseconds since 1970. BEFORE and AFTER are the wall clock around the call. `past` takes the latest time
plus LATER_MS, and waits until it is past; TICKS is how often the event loop ran something else, or `-` without one.
Some drivers have `step`, which makes the kept answer one from before a step of the wall clock.

`CLIENTS_ONLY=go` in the environment builds and runs only that language.
"""

import importlib.util
import os
import queue
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
DRIVERS = HERE / "drivers"
CLIENTS = HERE.parents[1] / "src" / "answer" / "clients"
# Longer than anything takes on the busiest machine.
PATIENCE = 120
# A proxy that does not exist: no client may use it.
PROXIES = {name: "http://127.0.0.1:9" for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY")}
# Far from UTC, with three quarters of an hour: no client may read it.
ZONE = {"TZ": "Pacific/Chatham"}


@dataclass(frozen=True)
class Language:
    """A client, the files that are compiled with it, and the commands; `{}` is the folder of what was compiled."""

    name: str
    files: tuple[str, ...]
    run: tuple[str, ...]
    build: tuple[str, ...] = ()
    # Shares one request among simultaneous callers, and keeps its answer.
    caches: bool = True
    has_simultaneous_callers: bool = True
    has_event_loop: bool = False
    # Has a command `step`, since libfaketime has no effect on it, or makes it slow.
    has_step: bool = False
    # A caller can be interrupted, by a time-out of its own or by a cancellation.
    has_interruption: bool = False
    # Malformed answers that it cannot tell from good ones.
    overlooks: tuple[str, ...] = ()


PYTHON = (sys.executable, str(DRIVERS / "driver.py"))
JAVA = ("EcsClock.java", "FakeEcsClock.java", "EcsClockHealthIndicator.java", "Driver.java")
GO = "mkdir ecsclock && mv ecs_clock.go step.go ecsclock && go mod init driver && go vet ./... && go build -o driver ."
WARNINGS = "-O1 -Wall -Wextra -Wshadow -pedantic -Werror -fsanitize=address,undefined -fno-sanitize-recover -pthread"
DOTNET_VERSION = "3.1.23"
DOTNET_LIBRARIES = "Private.CoreLib Runtime Runtime.Extensions Net.Http Net.Primitives Text.RegularExpressions Console Private.Uri Collections Threading Linq Memory"


def csharp():
    """The client in C#, if PyPI's package with the .NET runtime is installed."""
    package = importlib.util.find_spec("dotnetcore2")
    if package is None or shutil.which("mcs") is None:
        return []
    dotnet = Path(package.origin).parent / "bin" / "dotnet"
    dotnet.chmod(0o755)
    libraries = dotnet.parent / "shared" / "Microsoft.NETCore.App" / DOTNET_VERSION
    references = [f"-r:{libraries}/System.{name}.dll" for name in DOTNET_LIBRARIES.split()]
    sources = ("EcsClock.cs", "FakeEcsClock.cs", "EcsClockHealthCheck.cs", "Driver.cs", "Stubs.cs")
    # 1702: the packaged libraries differ from one another in their last digits.
    # `#nullable` is of a later C# than that of mcs.
    edit = "sed -i '/^#nullable/d' EcsClock.cs FakeEcsClock.cs && exec"
    command = ("mcs", "-nostdlib", "-noconfig", "-langversion:7.2", "-nowarn:1702", "-warnaserror", *references, "-out:driver.dll", *sources)
    return [Language("csharp", (*sources, "driver.runtimeconfig.json"), (str(dotnet), "{}/driver.dll"), ("sh", "-c", f'{edit} "$@"', "sh", *command))]


LANGUAGES = [
    Language("python", ("ecs_clock.py",), PYTHON),
    Language("asyncio", ("ecs_clock_asyncio.py",), (*PYTHON, "asyncio"), has_event_loop=True, has_interruption=True),
    Language("node", ("ecs-clock.mjs",), ("node", str(DRIVERS / "driver.mjs")), has_event_loop=True),
    Language("java", JAVA, ("java", "-cp", "{}", "Driver"), ("javac", "-Xlint:all,-serial", "-Werror", "-sourcepath", str(DRIVERS / "spring"), "-d", ".", *JAVA), has_step=True),
    Language("c", ("ecs_clock.h", "driver.c"), ("{}/driver",), ("cc", "-std=c11", *WARNINGS.split(), "driver.c", "-o", "driver")),
    Language("cpp", ("ecs_clock.h", "ecs_clock.hpp", "driver.cpp"), ("{}/driver",), ("c++", "-std=c++17", *WARNINGS.split(), "driver.cpp", "-o", "driver")),
    Language("ruby", ("ecs_clock.rb",), ("ruby", "-w", str(DRIVERS / "driver.rb")), has_interruption=True),
    Language("php", ("EcsClock.php",), ("php", str(DRIVERS / "driver.php")), has_simultaneous_callers=False),
    Language(
        "shell", ("ecs_clock.sh",), ("sh", str(DRIVERS / "driver.sh")), caches=False,
        overlooks=("over the limit",),
    ),
    Language("go", ("ecs_clock.go", "driver.go", "step.go"), ("{}/driver",), ("sh", "-c", GO), has_step=True),
    *csharp(),
]
LANGUAGES = [language for language in LANGUAGES if os.environ.get("CLIENTS_ONLY", language.name) == language.name]
BY_NAME = {language.name: language for language in LANGUAGES}


class Driver:
    """A running driver."""

    def __init__(self, language, folder, **environment):
        self._name = language.name
        self._process = subprocess.Popen(
            [part.replace("{}", str(folder)) for part in language.run], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            errors="replace", bufsize=1, env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"} | PROXIES | ZONE | environment,
        )  # fmt: skip
        self._replies = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._replies.put(line.split())
        self._replies.put(["ended"])

    def ask(self, *command):
        """The words of the reply."""
        assert self._process.poll() is None, f"the driver of {self._name} has ended"
        self._process.stdin.write(" ".join(map(str, command)) + "\n")
        return self._replies.get(timeout=PATIENCE)

    def open(self, url, max_error_ms=5, cache_ms=0, timeout_ms=20_000):
        assert self.ask("open", url, max_error_ms, cache_ms, timeout_ms) == ["opened"]
        return self

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()


def compiled(folder):
    """Compiles all drivers at the same time, each with its client beside it."""
    builds = []
    for language in LANGUAGES:
        if language.build:
            own = folder / language.name
            own.mkdir()
            for name in language.files:
                shutil.copy2(CLIENTS / name if (CLIENTS / name).exists() else DRIVERS / name, own)
            command = [part.replace("{}", str(own)) for part in language.build]
            environment = os.environ | {"GOCACHE": str(own / "cache"), "GOPROXY": "off"}
            builds.append(subprocess.Popen(command, cwd=own, stdin=subprocess.DEVNULL, env=environment))
    for build in builds:
        assert build.wait(timeout=5 * PATIENCE) == 0, build.args
