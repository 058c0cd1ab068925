"""`impasto export --to web`: what it writes, where it gets onnxruntime-web from, what it refuses."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto.cli import main
from impasto.cli.voice import Voice
from impasto.errors import HashMismatchError, OfflineError, UsageError, WeightsFormatError, WeightsMissingError
from impasto.features.sources import Digest
from impasto.grain import CHANNELS
from impasto.runtime.network import load_model
from impasto.runtime.registry import ModelEntry, find_model
from impasto.runtime.sheet import HARBOUR
from impasto.styles import registry, shelf
from impasto.web import runtime_files as source
from impasto.web.chinese import ARTISTS, DRAWN, TITLES
from impasto.web.export import export_page
from impasto.web.runtime_files import FILES, Package, package, runtime_files
from impasto.web.serving import serving

CONTENTS = {name: (b"\0asm" if name.endswith(".wasm") else b"export {};") + name.encode() for name in FILES}


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """What looks like onnxruntime-web's folder."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for name, data in CONTENTS.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def impasto(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*words: object) -> tuple[int, str, str]:
        capfd.readouterr()
        return main([str(word) for word in words]), *capfd.readouterr()

    return run


Impasto = Callable[..., tuple[int, str, str]]


# --- the folder ---


def test_the_page_of_a_painter_of_any_style(swift: ModelEntry, runtime: Path, tmp_path: Path, impasto: Impasto) -> None:
    folder = tmp_path / "page"
    code, out, err = impasto("export", swift.path, "--to", "web", "-o", folder, "--runtime", runtime, "--json")
    assert code == 0, err
    told = json.loads(out)
    written = [path for path in folder.rglob("*") if path.is_file() and path.name != "files.json"]
    assert (told["styles"], told["bytes"]) == (2, sum(path.stat().st_size for path in written))
    assert {(folder / "ort" / name).read_bytes() for name in FILES} == set(CONTENTS.values())
    about = json.loads((folder / "model.json").read_text("utf-8"))
    assert (about["name"], about["kind"], about["brushes"]) == ("small", "fast", [0.5, 1, 2])
    assert about["networks"] == ["modulation.onnx", "painting.onnx", "style.onnx"]
    assert [style["name"] for style in about["styles"]] == ["dusk", "plaid"]
    codes = np.fromfile(folder / "codes.bin", "<f4").reshape(2, 3, -1)
    np.testing.assert_array_equal(codes[1], shelf.find("plaid").values)
    with Image.open(folder / "styles" / "dusk.webp") as image:
        assert (image.format, image.size) == ("WEBP", (160, 160))
    for path in (*folder.glob("*.js"), *folder.glob("*.css"), *folder.glob("*.html")):
        assert not re.search(r"//(?!localhost)[\w.-]+\.\w", path.read_text("utf-8")), "no address but its own"


def test_the_parts_of_the_network_are_the_whole(swift: ModelEntry, runtime: Path, tmp_path: Path) -> None:
    export_page(swift, tmp_path / "page", runtime=runtime)
    rng = np.random.default_rng(0)
    feed = {
        "picture": rng.random((1, 3, 64, 40), dtype=np.float32),
        "grain": rng.standard_normal((1, CHANNELS, 16, 10), dtype=np.float32),
        "thumbnail": rng.random((1, 3, 32, 48), dtype=np.float32),
        "thumbnail_grain": rng.standard_normal((1, CHANNELS, 8, 12), dtype=np.float32),
        "code": shelf.find("dusk").values[1:2],
    }
    (modulation,) = _run(tmp_path / "page" / "modulation.onnx", feed, ["modulation"])
    (squares,) = _run(tmp_path / "page" / "painting.onnx", {**feed, "modulation": modulation}, ["squares"])
    (wanted,) = _run(swift.path, feed, ["squares"])
    np.testing.assert_allclose(squares, wanted, rtol=1e-3, atol=1e-4)


def _run(path: Path, feed: dict[str, NDArray[np.float32]], outputs: list[str]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    taken = {port.name: feed[port.name] for port in session.get_inputs()}
    return [np.asarray(result) for result in session.run(outputs, taken)]


def test_without_codes_there_are_the_drawn_styles(
    swift: ModelEntry, runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(registry, "STYLES", [registry.find(name) for name in ("woodcut", HARBOUR)])
    export_page(swift, tmp_path / "page", runtime=runtime)
    about = json.loads((tmp_path / "page" / "model.json").read_text("utf-8"))
    titles = [{"en": "Woodcut", "zh": "木刻"}, {"en": "Pointillist dots", "zh": "点彩"}]
    assert [style["title"] for style in about["styles"]] == titles
    swift_alone = tmp_path / "alone.onnx"
    swift_alone.write_bytes(swift.path.read_bytes())
    with pytest.raises(WeightsMissingError):
        export_page(ModelEntry("alone", swift_alone, "file"), tmp_path / "other", runtime=runtime)
    assert not (tmp_path / "other").exists()


def test_every_style_that_ships_has_a_chinese_name() -> None:
    shipped = [name for name in shelf.names() if name not in shelf.own_names()]
    assert set(shipped) | {style.name for style in registry.STYLES} == set(TITLES)
    assert {shelf.find(name).artist for name in shipped} - {""} == {*ARTISTS, "drawn by Impasto"}
    assert set(DRAWN) == {style.name for style in registry.STYLES}


def test_it_is_shown_until_ctrl_c(swift: ModelEntry, runtime: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "impasto", "export", swift.path, "--to", "web", "-o", tmp_path / "page"]
    command += ["--runtime", runtime, "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            with urlopen(address) as response:
                assert b"<title>Impasto</title>" in response.read()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
        finally:
            process.kill()
    assert (process.returncode, "no longer shown" in err) == (130, True), err


# --- refusals ---


def test_refusals(swift: ModelEntry, runtime: Path, tmp_path: Path, impasto: Impasto) -> None:
    page = tmp_path / "page"
    asked = ["export", swift.path, "--to", "web", "-o", page]
    for words, code, says in (
        (["export", swift.path, "--to", "wed", "-o", page], 3, "Did you mean 'web'"),
        (["export", "swfit", "--to", "web", "-o", page], 3, "Did you mean 'swift'"),
        (["export", swift.path, "--to", "web"], 2, "--output"),
        ([*asked, "--runtime", tmp_path], 31, "npm install onnxruntime-web@"),
        ([*asked, "--offline"], 41, "--runtime node_modules/onnxruntime-web/dist"),
        ([*asked, "--runtime", runtime, "--port", "80"], 2, "--serve"),
        (["export", swift.path, "--to", "web", "-o", runtime, "--runtime", runtime], 21, "files of others"),
        (["export", swift.path, "--to", "web", "-o", page / "deeper", "--runtime", runtime], 22, "doesn't exist"),
    ):
        found, out, err = impasto(*words)
        assert (found, out, says in err) == (code, "", True), err
        assert not page.exists()
    (runtime / FILES[2]).write_bytes(b"<html>")
    code, _, err = impasto(*asked, "--runtime", runtime)
    assert (code, "no file of onnxruntime-web" in err) == (32, True)
    assert not page.exists()


def test_a_model_can_t_have_files_written_elsewhere(
    johnson: ModelEntry, runtime: Path, tmp_path: Path, impasto: Impasto
) -> None:
    model, hostile = load_model(johnson.path), tmp_path / "hostile.onnx"
    names = [*json.loads(model.metadata["styles"])[:-1], "../../../mine"]
    hostile.write_bytes(model.described({"styles": json.dumps(names)}))
    (tmp_path / "mine.webp").write_bytes(b"mine")
    (tmp_path / "a").mkdir()
    code, _, err = impasto("export", hostile, "--to", "web", "-o", tmp_path / "a" / "page", "--runtime", runtime)
    assert (code, "'../../../mine'" in err) == (32, True), err
    assert (tmp_path / "mine.webp").read_bytes() == b"mine"
    assert not (tmp_path / "a" / "page").exists()


# --- onnxruntime-web ---


def _archive(contents: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, data in contents.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


@contextmanager
def _npm(folder: Path, data: bytes) -> Iterator[str]:
    """A registry that has this archive."""
    file = folder / package().address.split("//", 1)[1].split("/", 1)[1]
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_it_is_fetched_once_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("httpx")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    data = _archive(CONTENTS)
    monkeypatch.setattr(source, "_SIZE", len(data))
    monkeypatch.setattr(source, "_SHA512", hashlib.sha512(data).hexdigest())
    with pytest.raises(OfflineError):
        runtime_files(offline=True)
    with _npm(tmp_path / "npm", data) as registry_address:
        monkeypatch.setenv("npm_config_registry", registry_address)
        assert runtime_files() == CONTENTS
    assert runtime_files(offline=True) == CONTENTS
    kept = tmp_path / "home" / "web" / package().file_name
    kept.write_bytes(data[:-1])
    with pytest.raises(OfflineError, match="damaged"):
        runtime_files(offline=True)
    with _npm(tmp_path / "forged", _archive({**CONTENTS, FILES[0]: b"export { forged }"})) as registry_address:
        monkeypatch.setenv("npm_config_registry", registry_address)
        with pytest.raises(HashMismatchError, match="onnxruntime-web"):
            runtime_files()


def test_the_version_is_the_one_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("npm_config_registry", raising=False)
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    locked = json.loads((Path(__file__).parent / "package-lock.json").read_text("utf-8"))
    entry = locked["packages"]["node_modules/onnxruntime-web"]
    assert (entry["version"], "resolved" in entry) == (source.VERSION, False)
    algorithm, _, value = entry["integrity"].partition("-")
    assert package().digest == Digest(algorithm, base64.b64decode(value).hex())
    assert package().address == f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{source.VERSION}.tgz"
    assert isinstance(package(), Package)


def test_a_damaged_folder_is_refused(runtime: Path) -> None:
    assert dict(runtime_files(runtime)) == CONTENTS
    (runtime / FILES[0]).write_bytes(b"")
    with pytest.raises(WeightsFormatError):
        runtime_files(runtime)
    (runtime / FILES[0]).unlink()
    with pytest.raises(WeightsMissingError):
        runtime_files(runtime)


# --- serving ---


def test_the_page_is_served_to_this_machine_with_what_threads_need(tmp_path: Path) -> None:
    (tmp_path / "a.mjs").write_text("export {};")
    (tmp_path / "a.wasm").write_bytes(b"\0asm")
    with serving(tmp_path) as address:
        assert address.startswith("http://127.0.0.1:")
        for name, kind in (("a.mjs", "text/javascript"), ("a.wasm", "application/wasm")):
            with urlopen(address + name) as response:
                headers = response.headers
                assert headers["Content-Type"] == kind
                assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        with pytest.raises(UsageError, match="can't be used"), serving(tmp_path, int(address.split(":")[2][:-1])):
            pass
    with serving(tmp_path, isolated=False) as address, urlopen(address + "a.mjs") as response:
        assert response.headers["Cross-Origin-Opener-Policy"] is None


def test_the_shipped_model_has_all_styles(runtime: Path, tmp_path: Path) -> None:
    assert export_page(find_model("swift"), tmp_path / "page", runtime=runtime).styles >= 51


def test_ctrl_c_is_taken_from_the_moment_the_address_is_told(
    swift: ModelEntry,
    runtime: Path,
    tmp_path: Path,
    impasto: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = []

    def pressed(voice: Voice, text: str = "") -> None:
        told.append(text)
        raise KeyboardInterrupt

    monkeypatch.setattr(Voice, "line", pressed)
    words = ["export", swift.path, "--to", "web", "-o", tmp_path / "page", "--runtime", runtime, "--serve"]
    code, _, err = impasto(*words)
    assert (code, "no longer shown" in err) == (130, True), err
    with pytest.raises(URLError):
        urlopen(told[0])
