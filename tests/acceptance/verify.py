"""Runs the acceptance kit: `make -C sam verify` calls it. README.md describes the exit codes 0, 1 and 3; 2 is an invalid command line."""

import argparse
import signal
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))


def arguments(argv):
    parser = argparse.ArgumentParser(prog="verify.py", description="Measure in an AWS account what the project claims.")
    parser.add_argument("command", choices=["verify", "clean", "policy"])
    parser.add_argument("--account", default="", help="the 12 digits of the AWS account")
    parser.add_argument("--region", default="", help="an AWS region")
    parser.add_argument("--arch", default="amd64", choices=["amd64", "arm64"])
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    parser.add_argument("--quick", action="store_true", help="without K8 and K17, which take long")
    parser.add_argument("--only", default="", help="experiments, such as K1,K6")
    parser.add_argument("--id", default="", help="clean: only this run")
    parser.add_argument("--windows-image", default="", help="K14: an image built by container/Dockerfile.windows")
    parser.add_argument("--managed-instances", default="", metavar="CLUSTER/PROVIDER", help="K9: also there, on a capacity provider of yours")
    parser.add_argument("--probe-image", default="", help="an image with Python 3 instead of the public one")
    parser.add_argument("--explain", default="", help="a built ecs-clock-emf in place of its image, for predictions")
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="where state, evidence and report are written")
    return parser, parser.parse_args(argv)


def main(argv):
    parser, given = arguments(argv)
    from kit.permissions import policy_text

    if given.command == "policy":
        sys.stdout.write(policy_text(**({"account": given.account} if given.account else {}), **({"region": given.region} if given.region else {})))
        return 0
    if not (len(given.account) == 12 and given.account.isdigit()) or not given.region:
        parser.error("give ACCOUNTID (12 digits) and REGION")
    try:
        import boto3
    except ImportError:
        parser.error("boto3 is missing: python3 -m pip install 'boto3>=1.43'")

    from kit.aws import Aws, CallFailed
    from kit.clock import Clock
    from kit.errors import KitError
    from kit.experiments import EXPERIMENTS
    from kit.phases import verify
    from kit.run import NOT_MEASURED, Options, Run
    from kit.tools import Tools

    only = tuple(name for name in given.only.upper().split(",") if name)
    if unknown := set(only) - {experiment.id for experiment in EXPERIMENTS}:
        parser.error(f"no such experiment: {', '.join(sorted(unknown))}")
    if given.managed_instances and given.managed_instances.count("/") != 1:
        parser.error("give --managed-instances as CLUSTER/PROVIDER")
    options = Options(
        given.account, given.region, given.arch, given.yes, given.quick, only, given.windows_image, given.managed_instances, given.probe_image,
        given.explain, given.folder,
    )
    given.folder.mkdir(parents=True, exist_ok=True)
    clock, warn = Clock(), lambda text: print(text, file=sys.stderr, flush=True)
    run = Run(options, Aws(lambda: boto3.Session(region_name=given.region), clock, warn), clock, Tools(given.arch, given.explain or None))
    # A closed terminal or a stopped job must not leave anything behind either.
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, signal.default_int_handler)
    try:
        if given.command == "clean":
            from kit.clean import clean

            return clean(run, given.id, confirmation(given.yes))
        return verify(run, confirmation(given.yes))
    except (KitError, CallFailed) as error:
        print(f"error: {error}", file=sys.stderr)
        return NOT_MEASURED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return NOT_MEASURED
    except Exception:  # noqa: BLE001 (Python's own exit code for it is 1, which would mean that a claim is refuted)
        traceback.print_exc()
        return NOT_MEASURED


def confirmation(yes):
    """Shows a plan and asks; without a terminal the answer is no."""

    def confirm(text):
        print(text, file=sys.stderr)
        if yes:
            return True
        if not sys.stdin.isatty():
            print("no terminal to ask on: give YES=1", file=sys.stderr)
            return False
        return input("Create all this? Type yes: ").strip() == "yes"

    return confirm


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
