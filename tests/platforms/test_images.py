"""One image for two processors and one for Windows, built from prebuilt binaries, and their manifests."""

import json
import shutil
import subprocess
import tarfile

import build
import pytest
from docker_engine import DockerEngine
from platform_program import Arm64, Windows, cross_built

ELF_MACHINES = {"amd64": 62, "arm64": 183}


@pytest.fixture(scope="module")
def engine():
    engine = DockerEngine()
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()


@pytest.fixture(scope="module")
def binaries():
    """The sidecar for both processors, where the Dockerfile expects it."""
    if build.ARCHITECTURE != "amd64":
        pytest.skip("cross-compiles from amd64 to arm64, not the other way")
    if Arm64.missing():
        pytest.skip(f"arm64: {Arm64.missing()}")
    build.static_binary("ecs-clock-emf")
    built = cross_built(Arm64.target, Arm64.linker)
    build.placed(built, "ecs-clock-emf", "arm64")


class Buildah:
    """buildah with a separate store."""

    def __init__(self, folder):
        if shutil.which("buildah") is None:
            pytest.skip("buildah is not installed")
        self.folder = folder
        # Trust policy: accepts all, since all images here are built locally.
        self.policy = folder / "policy.json"
        self.policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')

    def run(self, *arguments):
        command = ["buildah", "--root", self.folder / "root", "--runroot", self.folder / "run", "--storage-driver", "vfs"]
        done = subprocess.run([*command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def layout(self, *push):
        """Pushes an image into a folder in OCI layout and returns the folder."""
        folder = self.folder / "layout"
        self.run(*push[:-1], "--signature-policy", self.policy, push[-1], f"oci:{folder}:test")
        return folder


@pytest.fixture(scope="module")
def layout(engine, binaries, tmp_path_factory):
    """The image for both processors: the engine builds each, and buildah joins them under one name."""
    buildah = Buildah(tmp_path_factory.mktemp("images"))
    buildah.run("manifest", "create", "ecs-clock-emf:both")
    for architecture in ELF_MACHINES:
        tag, archive = f"ecs-clock-emf:{architecture}", buildah.folder / f"{architecture}.tar"
        engine.run(
            "build", "--file", build.ROOT / "container" / "Dockerfile", "--target", "sidecar", "--tag", tag,
            "--platform", f"linux/{architecture}", "--build-arg", "BINARIES=prebuilt", "--network", "none", build.ROOT,
            environment={"DOCKER_BUILDKIT": "1"}, timeout=600,
        )  # fmt: skip
        engine.run("save", "--output", archive, tag)
        buildah.run("manifest", "add", "--arch", architecture, "ecs-clock-emf:both", f"docker-archive:{archive}")
    return buildah.layout("manifest", "push", "--all", "ecs-clock-emf:both")


def blob(layout, descriptor):
    return layout / "blobs" / descriptor["digest"].replace(":", "/")


def document(layout, descriptor):
    return json.loads(blob(layout, descriptor).read_text())


def files_of(layout, manifest):
    """The first bytes of each file in an image's layers, by the file's name."""
    files = {}
    for layer in manifest["layers"]:
        with tarfile.open(blob(layout, layer)) as archive:
            files |= {member.name: archive.extractfile(member).read(20) for member in archive if member.isfile()}
    return files


@pytest.fixture(scope="module")
def manifests(layout):
    """The manifest of each processor, by its name."""
    entry, = json.loads((layout / "index.json").read_text())["manifests"]
    index = document(layout, entry)
    return {each["platform"]["architecture"]: (each["platform"], document(layout, each)) for each in index["manifests"]}


def test_the_index_has_both_processors(manifests):
    assert {name: platform["os"] for name, (platform, _) in manifests.items()} == {"amd64": "linux", "arm64": "linux"}


def test_each_image_is_for_the_processor_that_the_index_says(layout, manifests):
    for name, (_, manifest) in manifests.items():
        config = document(layout, manifest["config"])
        assert (config["architecture"], config["os"]) == (name, "linux")
        assert config["config"]["User"] == "65532:65532"
        assert config["config"]["Entrypoint"] == ["/ecs-clock-emf"]


def test_each_image_holds_the_binary_for_its_processor_and_the_licence(layout, manifests):
    for name, (_, manifest) in manifests.items():
        files = files_of(layout, manifest)
        assert set(files) == {"LICENSE", "ecs-clock-emf"}
        assert files["ecs-clock-emf"][:4] == b"\x7fELF"
        assert int.from_bytes(files["ecs-clock-emf"][18:20], "little") == ELF_MACHINES[name]


def test_both_images_have_the_same_labels(layout, manifests):
    labels = [document(layout, manifest["config"])["config"]["Labels"] for _, manifest in manifests.values()]
    assert labels[0] == labels[1] and labels[0]["org.opencontainers.image.title"] == "ecs-clock-emf"


def test_the_image_for_windows_as_far_as_it_can_be_built_here(tmp_path):
    """On an empty base, since Microsoft's is not available here: checks files, entry point and user."""
    if Windows.missing():
        pytest.skip(f"windows: {Windows.missing()}")
    build.placed(cross_built(Windows.target, Windows.linker), "ecs-clock-emf.exe", "windows-amd64")
    buildah = Buildah(tmp_path)
    buildah.run(
        "bud", "--file", build.ROOT / "container" / "Dockerfile.windows", "--tag", "ecs-clock-emf:windows",
        "--platform", "windows/amd64", "--build-arg", "BASE_IMAGE=scratch", "--isolation", "chroot",
        "--signature-policy", buildah.policy, build.ROOT,
    )  # fmt: skip
    layout = buildah.layout("push", "ecs-clock-emf:windows")
    entry, = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = document(layout, entry)
    config = document(layout, manifest["config"])
    assert (config["os"], config["architecture"]) == ("windows", "amd64")
    assert (config["config"]["User"], config["config"]["Entrypoint"]) == ("ContainerUser", ["C:\\ecs-clock-emf.exe"])
    assert files_of(layout, manifest).keys() == {"LICENSE", "ecs-clock-emf.exe"}
