"""Does a whole converted model give what PyTorch gives, in float32 within 1e-5?"""

from pathlib import Path
from typing import Any

import coremltools as ct
import coremltools.optimize as cto
import numpy as np
import pytest
import torch
from torch import nn

from silicon_cts import mil


def convert(
    module: nn.Module, inputs: list[torch.Tensor], *, to: str = "mlprogram", shapes: Any = None, **options: Any
) -> Any:
    """The traced module, converted in float32."""
    kinds = {torch.float32: np.float32, torch.int64: np.int32, torch.int32: np.int32}
    given = [
        ct.TensorType(f"x{at}", shape=shapes[at] if shapes else x.shape, dtype=kinds[x.dtype])
        for at, x in enumerate(inputs)
    ]
    options = {"compute_precision": ct.precision.FLOAT32, "minimum_deployment_target": ct.target.iOS18, **options}
    return ct.convert(torch.jit.trace(module, tuple(inputs)), inputs=given, convert_to=to, **options)


def agrees(module: nn.Module, model: mil.Model, inputs: list[torch.Tensor], tolerance: float = 1e-5) -> None:
    """Assert that the model gives what the module gives."""
    with torch.inference_mode():
        expected = module(*inputs)
    results = model.predict({f"x{at}": x.numpy() for at, x in enumerate(inputs)})
    expected = expected if isinstance(expected, tuple) else (expected,)
    for result, reference in zip(results.values(), expected, strict=True):
        np.testing.assert_allclose(result, reference.numpy(), rtol=tolerance, atol=tolerance)


class Recurrent(nn.Module):
    """A recurrent layer and the states that it ends in."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        output, state = self.layer(x)
        return (output, *(state if isinstance(state, tuple) else (state,)))


@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.LSTM(4, 5, num_layers=2, bidirectional=True),
        lambda: nn.LSTM(4, 5, batch_first=True),
        lambda: nn.GRU(4, 5, bidirectional=True),
        lambda: nn.GRU(4, 5),
        lambda: nn.RNN(4, 5, nonlinearity="relu"),
    ],
    ids=["lstm_2_bidirectional", "lstm_batch_first", "gru_bidirectional", "gru", "rnn_relu"],
)
def test_recurrent(layer: Any) -> None:
    torch.manual_seed(0)
    module, x = Recurrent(layer()).eval(), torch.randn(3, 1, 4)
    agrees(module, mil.load(convert(module, [x])), [x])


class Residual(nn.Module):
    """A small residual network."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 5, 2, 2, bias=False), nn.BatchNorm2d(8), nn.SiLU(), nn.MaxPool2d(3, 2, 1)
        )
        self.block = nn.Sequential(
            nn.Conv2d(8, 8, 3, 1, 1, groups=8),
            nn.GroupNorm(2, 8),
            nn.Hardswish(),
            nn.Conv2d(8, 8, 1),
            nn.InstanceNorm2d(8),
        )
        self.up = nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1)
        self.head = nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = torch.nn.functional.avg_pool2d(
            torch.relu(x + self.block(x)), 3, 2, 1, ceil_mode=True, count_include_pad=False
        )
        x = torch.nn.functional.interpolate(self.up(x), scale_factor=2, mode="bilinear", align_corners=False)
        return torch.log_softmax(self.head(x.mean((2, 3))), dim=-1)


@pytest.mark.parametrize("to", ["mlprogram", "milinternal"])
def test_a_residual_network(to: str) -> None:
    torch.manual_seed(0)
    module, x = Residual().eval(), torch.randn(2, 3, 32, 28)
    agrees(module, mil.load(convert(module, [x], to=to)), [x])


def test_a_residual_network_in_float16_is_near_and_every_rounding_can_be_moved() -> None:
    torch.manual_seed(0)
    module, x = Residual().eval(), torch.randn(1, 3, 32, 32)
    model = mil.load(convert(module, [x], compute_precision=ct.precision.FLOAT16))
    with torch.inference_mode():
        expected = module(x).numpy()
    plain = next(iter(model.predict({"x0": x.numpy()}).values()))
    assert 0 < np.abs(plain - expected).max() < 0.02
    generator = np.random.default_rng(0)

    def jitter(operation: Any, var: Any, value: np.ndarray) -> np.ndarray | None:
        if value.dtype != np.float16:
            return None
        return value * (1 + generator.uniform(-(2**-11), 2**-11, value.shape))

    moved = [next(iter(model.evaluate({"x0": x.numpy()}, on_value=jitter).values())) for _ in range(3)]
    spread = max(float(np.abs(m.astype(np.float64) - expected).max()) for m in moved)
    assert 0 < spread < 0.02


class Encoder(nn.Module):
    """Token embeddings and a transformer layer with attention written out."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embed(tokens)
        q, k, v = (part.reshape(2, 4, 2, 4).transpose(1, 2) for part in self.qkv(self.norm(x)).split(8, dim=-1))
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(2, 4, 8)
        return x + self.out(x + mixed)


@pytest.mark.parametrize(
    "target", [ct.target.iOS15, ct.target.iOS16, ct.target.iOS17, ct.target.iOS18], ids=lambda t: t.name
)
def test_a_transformer_in_every_opset(target: Any) -> None:
    torch.manual_seed(0)
    module, tokens = Encoder().eval(), torch.tensor([[1, 5, 10, 0], [3, 3, 2, 9]])
    agrees(module, mil.load(convert(module, [tokens], minimum_deployment_target=target)), [tokens])


def test_a_transformer_from_torch_export() -> None:
    torch.manual_seed(0)
    module, tokens = Encoder().eval(), torch.tensor([[1, 5, 10, 0], [3, 3, 2, 9]])
    exported = torch.export.export(module, (tokens,)).run_decompositions({})
    converted = ct.convert(
        exported,
        convert_to="mlprogram",
        compute_precision=ct.precision.FLOAT32,
        minimum_deployment_target=ct.target.iOS17,
    )
    model = mil.load(converted)
    with torch.inference_mode():
        expected = module(tokens).numpy()
    (result,) = model.predict({name: tokens.numpy() for name in model.inputs}).values()
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)


class Flexible(nn.Module):
    """Something that depends on the sizes of its input."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        joined = torch.cat([x, x.flip(1)], dim=0).flatten(1).softmax(-1)
        return joined + torch.cumsum(x, 1).flatten(1)[:1] - x[-1:].mean()


@pytest.mark.parametrize("to", ["mlprogram", "milinternal"])
def test_flexible_shapes(to: str) -> None:
    module, sizes = Flexible().eval(), (ct.RangeDim(1, 4), ct.RangeDim(1, 9), 3)
    model = mil.load(convert(module, [torch.randn(2, 5, 3)], to=to, shapes=[sizes]))
    for shape in ((2, 5, 3), (1, 1, 3), (4, 9, 3), (1, 8, 3)):
        x = torch.randn(*shape)
        agrees(module, model, [x])


class Cached(nn.Module):
    """Attention of one token at a time over the keys and values seen so far, kept in states."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(4, 12)
        self.register_buffer("keys", torch.zeros(1, 6, 4, dtype=torch.float16))
        self.register_buffer("values", torch.zeros(1, 6, 4, dtype=torch.float16))

    def forward(self, x: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
        q, k, v = self.qkv(x).split(4, dim=-1)
        here = (torch.arange(6) == place).reshape(1, 6, 1)
        self.keys[:, :, :] = torch.where(here, k.to(torch.float16), self.keys)
        self.values[:, :, :] = torch.where(here, v.to(torch.float16), self.values)
        scores = q @ self.keys.float().transpose(1, 2)
        masked = scores.masked_fill(torch.arange(6) > place, -1e4)
        return masked.softmax(-1) @ self.values.float()


def test_a_cache_in_states(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = Cached().eval().requires_grad_(False)
    traced = torch.jit.trace(module, (torch.randn(1, 1, 4), torch.tensor([0], dtype=torch.int32)), check_trace=False)
    shapes = [ct.TensorType("x", shape=(1, 1, 4), dtype=np.float32), ct.TensorType("place", shape=(1,), dtype=np.int32)]
    states = [ct.StateType(ct.TensorType(shape=(1, 6, 4), dtype=np.float16), name) for name in ("keys", "values")]
    converted = ct.convert(
        traced,
        inputs=shapes,
        outputs=[ct.TensorType("y")],
        states=states,
        compute_precision=ct.precision.FLOAT32,
        minimum_deployment_target=ct.target.iOS18,
    )
    path = tmp_path / "cached.mlpackage"
    converted.save(str(path))
    model = mil.load(path)
    state = model.make_state()
    module.keys.zero_()
    module.values.zero_()
    for place in range(6):
        x, at = torch.randn(1, 1, 4), torch.tensor([place], dtype=torch.int32)
        with torch.inference_mode():
            expected = module(x, at).numpy()
        result = model.predict({"x": x.numpy(), "place": at.numpy()}, state)["y"]
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(state.read_state("keys"), module.keys.numpy(), atol=1e-3)
    assert not np.array_equal(model.make_state().read_state("keys"), state.read_state("keys"))
    with pytest.raises(mil.InputError, match="state 'keys' is required"):
        model.predict({"x": x.numpy(), "place": at.numpy()})


def compressed(kind: str, model: Any) -> Any:
    """The model with its weights compressed."""
    coreml = cto.coreml
    if kind.startswith("palettized"):
        settings = (
            {"nbits": 4, "mode": "uniform"}
            if kind == "palettized"
            else {"nbits": 2, "mode": "uniform", "granularity": "per_grouped_channel", "group_size": 4}
        )
        config = coreml.OpPalettizerConfig(**settings, weight_threshold=0)
        return coreml.palettize_weights(model, coreml.OptimizationConfig(global_config=config))
    if kind.startswith("pruned"):
        config = coreml.OpMagnitudePrunerConfig(target_sparsity=0.5, weight_threshold=0)
        pruned = coreml.prune_weights(model, coreml.OptimizationConfig(global_config=config))
        if kind == "pruned":
            return pruned
        quantizer = coreml.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=0)
        return coreml.linear_quantize_weights(
            pruned, coreml.OptimizationConfig(global_config=quantizer), joint_compression=True
        )
    settings = {
        "int8": {"mode": "linear_symmetric"},
        "uint8": {"mode": "linear", "dtype": "uint8"},
        "int4_blocks": {"mode": "linear_symmetric", "dtype": "int4", "granularity": "per_block", "block_size": 4},
    }[kind]
    config = coreml.OpLinearQuantizerConfig(**settings, weight_threshold=0)
    return coreml.linear_quantize_weights(model, coreml.OptimizationConfig(global_config=config))


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        *(
            (kind, target)
            for kind in ("int8", "uint8", "palettized", "pruned")
            for target in (ct.target.iOS16, ct.target.iOS18)
        ),
        *((kind, ct.target.iOS18) for kind in ("int4_blocks", "palettized_groups", "pruned_and_quantized")),
    ],
    ids=str,
)
def test_compressed_weights(kind: str, target: Any) -> None:
    torch.manual_seed(0)
    module, x = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 8)).eval(), torch.randn(2, 16)
    plain = convert(module, [x], minimum_deployment_target=target)
    small = compressed(kind, plain)
    operations = {
        op.type
        for block in small.get_spec().mlProgram.functions["main"].block_specializations.values()
        for op in block.operations
    }
    assert any(name.startswith("constexpr_") for name in operations)
    (result,) = mil.load(small).predict({"x0": x.numpy()}).values()
    (dense,) = mil.load(cto.coreml.decompress_weights(small)).predict({"x0": x.numpy()}).values()
    np.testing.assert_allclose(result, dense, rtol=1e-5, atol=1e-5)
    with torch.inference_mode():
        expected = module(x).numpy()
    assert 0 < np.abs(result - expected).max() < 1.5


def test_control_flow_from_disk(tmp_path: Path) -> None:
    @torch.jit.script
    def halve(x: torch.Tensor) -> torch.Tensor:
        while bool(x.sum() > 1.0):
            x = x / 2
        if bool(x[0] > 0.25):
            x = x + 1
        return x

    class Halve(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return halve(x)

    x = torch.tensor([9.0, 1.0])
    converted = ct.convert(
        torch.jit.script(Halve()),
        inputs=[ct.TensorType("x0", shape=(2,))],
        compute_precision=ct.precision.FLOAT32,
        minimum_deployment_target=ct.target.iOS16,
    )
    path = tmp_path / "halve.mlpackage"
    converted.save(str(path))
    for start in (x, torch.tensor([0.1, 0.2])):
        agrees(Halve(), mil.load(path), [start])
