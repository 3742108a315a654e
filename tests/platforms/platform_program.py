"""The program for one platform, run on this machine directly, by QEMU or by Wine."""

import os
import shutil
import subprocess

import build

NAME = "ecs-clock-emf"
TARGET_FOLDER = build.ROOT / "target" / "platforms"
# Wine and a foreign processor start slowly on a busy machine.
PATIENCE_S = 300


class Native:
    """The program for this machine."""

    environment = {}
    # It can be stopped by a signal.
    takes_signals = True

    def __init__(self, binary):
        self.binary = binary

    def command(self, *arguments):
        return [str(self.binary), *map(str, arguments)]

    def variables(self, extra):
        """The environment of a run, without this machine's settings of the program."""
        own = {key: value for key, value in os.environ.items() if not key.startswith(("CLOCK_EMF_", "ECS_CONTAINER_"))}
        return own | self.environment | extra

    def run(self, *arguments, variables=None, text=""):
        """Runs to the end: exit code, bytes of stdout, text of stderr."""
        done = subprocess.run(
            self.command(*arguments), env=self.variables(variables or {}), input=text.encode(), capture_output=True,
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr.decode()

    def start(self, *arguments, variables=None):
        return subprocess.Popen(
            self.command(*arguments), env=self.variables(variables or {}), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def close(self):
        """Stops everything that it started."""


class Arm64(Native):
    """Linux on arm64, the image's static binary, run by QEMU."""

    target = "aarch64-unknown-linux-gnu"
    linker = "aarch64-linux-gnu-gcc"
    runner = "qemu-aarch64-static"

    def __init__(self, folder):
        super().__init__(cross_built(self.target, self.linker))

    @classmethod
    def missing(cls):
        return missing(cls.target, cls.linker, cls.runner)

    def command(self, *arguments):
        return [self.runner, *super().command(*arguments)]


class Windows(Native):
    """Windows on x86-64, run by Wine."""

    target = "x86_64-pc-windows-gnu"
    linker = "x86_64-w64-mingw32-gcc"
    runner = "wine"
    takes_signals = False

    def __init__(self, folder):
        super().__init__(cross_built(self.target, self.linker))
        self.environment = {"WINEPREFIX": str(folder / "wine"), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}
        # The first start creates the prefix and reports it on stderr.
        self.provide_random_numbers()
        self.run("--version")

    @classmethod
    def missing(cls):
        return missing(cls.target, cls.linker, cls.runner)

    def command(self, *arguments):
        return [self.runner, *super().command(*arguments)]

    def provide_random_numbers(self):
        """Wine before 9 lacks the system library that Rust's standard library draws random numbers from."""
        library = self.binary.with_name("bcryptprimitives.dll")
        source = build.ROOT / "tests" / "platforms" / "bcryptprimitives.c"
        subprocess.run([self.linker, "-shared", "-o", library, source, "-ladvapi32"], check=True)

    def close(self):
        subprocess.run(["wineserver", "--kill"], env=self.variables({}), check=False)


PLATFORMS = {"arm64": Arm64, "windows": Windows}


def missing(target, linker, runner):
    """Why a platform cannot be tested here; empty if it can."""
    for tool in (linker, runner):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    return no_standard_library(target)


def no_standard_library(target):
    """Lets rustup fetch the target's standard library; returns the reason if that failed."""
    if shutil.which("rustup") is None:
        return "rustup is not installed, and the target's standard library comes from there"
    done = subprocess.run(
        ["rustup", "target", "add", target], cwd=build.ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
    return f"rustup cannot get {target}: {'; '.join(errors)}"


def cross_built(target, linker):
    """The release binary for a target. The static flags apply to Linux only."""
    variable = f"CARGO_TARGET_{target.upper().replace('-', '_')}_LINKER"
    return build.cargo_build(
        *build.STATIC, "--release", "--package", NAME, "--bin", NAME, "--target", target, "--target-dir", TARGET_FOLDER,
        environment={variable: linker},
    )  # fmt: skip
