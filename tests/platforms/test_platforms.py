"""Platform differences: the type of the binary, and the time sources that are missing."""

import re
import subprocess

from platform_program import Arm64, Windows

# Libraries of Windows itself. The image would lack any from the compiler.
OF_WINDOWS = re.compile(r"(?i)(kernel32|ntdll|ws2_32|msvcrt|bcryptprimitives|api-ms-win-core-[a-z0-9-]+)\.dll")


def test_the_binary_is_what_its_image_needs(other):
    if isinstance(other, Arm64):
        header = other.binary.read_bytes()[:20]
        assert header[:4] == b"\x7fELF" and int.from_bytes(header[18:20], "little") == 183, "not an ELF file for AArch64"
        listed = subprocess.run(["aarch64-linux-gnu-objdump", "-p", other.binary], capture_output=True, text=True, check=True)
        assert "NEEDED" not in listed.stdout and "INTERP" not in listed.stdout, "an empty image has no libraries"
    else:
        listed = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", other.binary], capture_output=True, text=True, check=True)
        needed = re.findall(r"DLL Name: (\S+)", listed.stdout)
        assert needed and all(OF_WINDOWS.fullmatch(name) for name in needed), needed


def test_the_binary_is_small(other):
    assert other.binary.stat().st_size <= 3_500_000


def test_the_kernel_is_a_source_on_linux_only(other):
    code, written, diagnostics = other.run("run", "--once", "--source", "kernel")
    if isinstance(other, Windows):
        assert (code, written) == (2, b"") and "kernel" in diagnostics
    else:
        # An emulator may reject the system call but must not invent a value.
        assert code in (0, 3) and (b'"ClockSource":"kernel"' in written or written == b""), (code, written, diagnostics)


def test_a_segment_is_written_and_checked_on_linux_only(other, tmp_path):
    code, written, diagnostics = other.run("run", "--once", "--clockbound-directory", tmp_path)
    if isinstance(other, Windows):
        assert (code, written) == (2, b"") and "Linux only" in diagnostics
    else:
        assert code != 2, diagnostics
    code, _, _ = other.run("check", "--clockbound", tmp_path)
    assert code == (2 if isinstance(other, Windows) else 3)
