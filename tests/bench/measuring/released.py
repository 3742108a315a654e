"""What the measured binary was built with. A binary of another kind than the released one is not measured."""

import platform
import re
import subprocess
import tomllib

from .tools import TOP, Missing, host


def flags():
    """The compiler's flags for this machine, and the settings of the profile."""
    targets = tomllib.loads((TOP / ".cargo" / "static.toml").read_text())["target"]
    profile = tomllib.loads((TOP / "Cargo.toml").read_text())["profile"]["release"]
    # The only condition in the file holds wherever this runs.
    chosen = [target["rustflags"] for name, target in targets.items() if name.startswith("cfg(") or name == host()]
    settings = [f"{name} = {str(value).lower()}" for name, value in profile.items() if name != "package"]
    return f"{' '.join(sum(chosen, []))}; {', '.join(settings)}"


def check(binary):
    """Raises if the binary is of another kind."""
    command = ["readelf", "--wide", "--file-header", "--segments", "--sections", binary]
    text = subprocess.run(command, check=True, capture_output=True, text=True, env={"LC_ALL": "C"}).stdout
    if found := differences(text, has_order=platform.machine() == "x86_64"):
        raise Missing(f"a binary of the released kind: {binary} is {' and '.join(found)}")


def differences(readelf, has_order):
    """How the binary that `readelf` describes differs from the released kind."""
    found = []
    if " INTERP " in readelf:
        found.append("not static")
    if " .symtab " in readelf:
        found.append("not stripped")
    entry = int(re.search(r"Entry point address: +0x(\S+)", readelf)[1], 16)
    code = int(re.search(r" \.text +PROGBITS +(\S+)", readelf)[1], 16)
    # Without a list of functions, the linker puts the entry point first. With it, the functions of every sample come first.
    if has_order and entry < code + 4096:
        found.append("not in the order of .cargo/order-x86_64.txt")
    return found
