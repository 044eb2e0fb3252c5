"""The models are the same bits everywhere, their labels can be learnt, and listing them costs nothing."""

import hashlib
import subprocess
import sys

import pytest
import torch

from silicon_cts.catalog.models.table import MODELS, models
from silicon_cts.catalog.models.weights import generator, uniform

EVERY = list(MODELS.values())
by_name = pytest.mark.parametrize("model", EVERY, ids=lambda model: model.name)

BITS = {
    "mlp": ("30da11b5b769", "cc795be26ba3"),
    "residual_cnn": ("67100e345329", "ddaac04ac435"),
    "depthwise_cnn": ("e6be42929fb8", "ddaac04ac435"),
    "lstm": ("709cb60f2222", "0caa56ea50ee"),
    "gru": ("353d4accac73", "8d96d919b8b7"),
    "bidirectional_rnn": ("81fd7cf0e449", "62ac8e2af3f9"),
    "transformer_encoder": ("4d89cdf4390f", "a46b7e9007f9"),
    "cached_decoder": ("d8dc828a5e24", "e72143c2f110"),
    "stateful_decoder": ("7fa91154076f", "1d20b2a28875"),
    "vit": ("437cfc404bea", "ddaac04ac435"),
    "unet_block": ("732501d4c748", "b846635752d5"),
}
"""First digits of SHA-256 over the weights and over the first batch."""


def bits(tensors) -> str:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(repr((tensor.dtype, tuple(tensor.shape))).encode())
        digest.update(
            tensor.detach().contiguous().numpy().astype(tensor.numpy(force=True).dtype.newbyteorder("<")).tobytes()
        )
    return digest.hexdigest()[:12]


@by_name
def test_weights_and_batches_are_these_bits_on_every_machine(model):
    inputs, labels = model.batch()
    assert (bits(model.build().state_dict().values()), bits([*inputs, labels])) == BITS[model.name]


@by_name
def test_building_draws_nothing_from_torch(model):
    before = torch.get_rng_state()
    model.build()
    model.batch()
    assert torch.equal(before, torch.get_rng_state())


@by_name
def test_another_seed_or_index_is_another_draw(model):
    first, other = (bits(model.build(seed).parameters()) for seed in (0, 1))
    assert first != other
    batches = [bits(model.batch(index, seed)[0]) for index, seed in ((0, 0), (1, 0), (0, 1))]
    assert len(set(batches)) == 3


@by_name
def test_no_parameter_is_constant(model):
    for name, parameter in model.build().named_parameters():
        assert parameter.unique().numel() == parameter.numel() or parameter.numel() > 1000, name


@pytest.mark.parametrize("model", models("training"), ids=lambda model: model.name)
def test_the_task_is_learnt(model):
    network, loss = model.build(), model.loss_function()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    losses = []
    for inputs, labels in model.batches(50):
        value = loss(network(*inputs), labels)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert sum(losses[-10:]) / 10 < model.learnt < losses[0]


@pytest.mark.parametrize("model", models("training"), ids=lambda model: model.name)
def test_labels_are_no_constant(model):
    labels = torch.stack([labels for _, labels in model.batches(4)])
    assert labels.unique().numel() > 1
    if labels.dtype == torch.int64:
        assert labels.flatten().bincount().max() < 0.6 * labels.numel()


def test_the_decoder_reads_its_cache_up_to_now_and_writes_there():
    model = MODELS["cached_decoder"]
    network, ((now, position, keys, values), _) = model.build(), model.batch(3)
    here = int(position)
    assert 0 < here < keys.shape[2] - 1
    logits, new_keys, new_values = network(now, position, keys, values)
    assert logits.shape == (len(now), 24)
    changed = (new_keys != keys).any(dim=(0, 1, 3)).nonzero().flatten().tolist()
    assert changed == (new_values != values).any(dim=(0, 1, 3)).nonzero().flatten().tolist() == [here]
    for place, seen in ((here - 1, True), (here, False), (here + 1, False)):
        other = keys.clone()
        other[:, :, place] += 1.0
        assert torch.equal(network(now, position, other, values)[0], logits) != seen


def test_the_decoder_that_keeps_its_cache_reads_a_text_as_the_one_that_is_given_it():
    stateful = MODELS["stateful_decoder"]
    network, ((tokens, positions), _) = stateful.build(), stateful.batch(2)
    with torch.no_grad():
        logits, *cache = network(tokens, positions)
        expected = network.states(tokens, positions)
        for token, position, read in zip(tokens, positions, logits, strict=True):
            right, *expected = network.decoder(token, position, *expected)
            assert torch.equal(read, right)
    assert all(torch.equal(one, other) for one, other in zip(cache, expected, strict=True))
    written = (cache[0] != 0).any(dim=(0, 1, 3)).nonzero().flatten().tolist()
    assert written == positions.flatten().tolist() and len(written) < cache[0].shape[2]


def test_streams_are_independent_of_one_another():
    whole = uniform(generator(0, "a", "b"), 4)
    assert torch.equal(whole, uniform(generator(0, "a", "b"), 4))
    assert not torch.equal(whole, uniform(generator(0, "a", "c"), 4))
    assert whole.min() >= -1 and whole.max() < 1


def test_listing_the_models_imports_no_torch():
    code = "import sys; from silicon_cts.catalog.models.table import MODELS; print(len(MODELS), 'torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer == "11 False\n"
