"""The command line, the Makefile's targets, and Docker as the kit calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import verify
from kit.errors import KitError
from kit.tools import Tools

HERE = Path(__file__).resolve().parent
SAM = HERE.parents[1] / "sam"


def make(*arguments, **environment):
    return subprocess.run(["make", "-C", SAM, "--no-print-directory", *arguments], env=os.environ | environment, capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL)  # fmt: skip


def test_the_policy_is_printed_without_boto3_and_without_an_account():
    # -S: without the packages that are installed.
    done = subprocess.run([sys.executable, "-S", HERE / "verify.py", "policy"], capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) == {"plan", "up", "observe", "drill", "down"}
    assert make("verify-policy", f"PYTHON={sys.executable}").stdout == done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verify"], "give ACCOUNTID"), (["verify", "--account", "1", "--region", "r"], "give ACCOUNTID"),
        (["verify", "--account", "123456789012", "--region", "eu-west-1", "--only", "K1,K99"], "no such experiment: K99"), (["fly"], "invalid choice"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_2(arguments, words, capsys):
    with pytest.raises(SystemExit) as end:
        verify.main(arguments)
    assert end.value.code == 2 and words in capsys.readouterr().err


def test_without_boto3_it_says_how_to_get_it():
    done = subprocess.run([sys.executable, "-S", HERE / "verify.py", "verify", "--account", "123456789012", "--region", "eu-west-1"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2 and "pip install 'boto3" in done.stderr


@pytest.fixture
def arguments_of(tmp_path):
    """A stand-in for Python that records what make passes to it."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/arguments\n')
    python.chmod(0o755)

    def run(*arguments):
        done = make(*arguments, f"PYTHON={python}")
        assert done.returncode == 0, done.stderr
        return (tmp_path / "arguments").read_text().splitlines()

    return run


def test_make_gives_what_was_given(arguments_of):
    target = ["ACCOUNTID=123456789012", "REGION=eu-west-1"]
    given = arguments_of("verify", *target, "QUICK=1", "YES=1", "ONLY=K1,K6", "ARCH=arm64")
    parser, parsed = verify.arguments(given[1:])
    assert (parsed.command, parsed.account, parsed.region, parsed.only, parsed.arch, parsed.quick, parsed.yes) == (
        "verify", "123456789012", "eu-west-1", "K1,K6", "arm64", True, True,
    )  # fmt: skip
    _, parsed = verify.arguments(arguments_of("verify", *target)[1:])
    assert not parsed.quick and not parsed.yes and parsed.only == ""
    _, parsed = verify.arguments(arguments_of("verify-clean", *target, "ID=0123abcd")[1:])
    assert (parsed.command, parsed.id) == ("clean", "0123abcd")


def test_make_refuses_what_is_no_account():
    done = make("verify", "ACCOUNTID=$(id)", "REGION=eu-west-1")
    assert done.returncode != 0 and "ACCOUNTID is" in done.stderr


def test_confirmation_is_yes_and_nothing_else(monkeypatch, capsys):
    confirm = verify.confirmation(False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    for answer, expected in (("yes", True), ("y", False), ("", False), ("no", False)):
        monkeypatch.setattr("builtins.input", lambda prompt, answer=answer: answer)
        assert confirm("plan") is expected
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert confirm("plan") is False and "YES=1" in capsys.readouterr().err
    assert verify.confirmation(True)("plan") is True


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """A Docker that writes down how it was called, and its input."""
    log = tmp_path / "calls"
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >>{log}\ncase "$*" in *login*|*explain*) cat >>{log};; esac\ncase "$*" in *explain*) echo \'{{"line":1}}\';; esac\ntest "$1" != fail\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return lambda: log.read_text() if log.exists() else ""


def test_the_password_is_no_argument_and_goes_to_no_configuration_of_the_reader(docker):
    Tools("amd64").push("local:tag", "host/repository:tag", "the-password")
    login, push = docker().splitlines()[0], docker().splitlines()[-1]
    assert "the-password" not in login and "--password-stdin host" in login and "--config /" in login
    assert "the-password" in docker() and push.endswith("push host/repository:tag") and "--config /" in push


def test_explain_runs_without_a_network(docker):
    assert Tools("amd64").explain(["a", "b"], 5, "image@sha256:0") == [{"line": 1}]
    assert "run --rm --interactive --network none image@sha256:0 explain --json --input stdout --now 5" in docker()


def test_a_tool_that_fails_is_quoted(tmp_path, monkeypatch):
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(KitError, match="docker build .* failed: no space left"):
        Tools("amd64").build("sidecar", "t")
    assert "does not answer" in Tools("amd64").missing()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert "not on the PATH" in Tools("amd64").missing()


def test_the_kit_needs_nothing_but_boto3():
    """The packages of the tests are not there where the kit runs."""
    script = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("yaml", "pytest", "moto", "jsonschema", "cfn"):
            raise ImportError(f"the kit must not need {name}")
sys.meta_path.insert(0, Block())
sys.path.insert(0, sys.argv[1])
import kit.clean, kit.phases, verify
"""
    done = subprocess.run([sys.executable, "-c", script, HERE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
