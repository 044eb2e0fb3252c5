"""A call in place or into ``out=``: what it writes to lies in a guarded buffer, in the layout of the recipe."""

import pytest
import torch

from silicon_cts.sampling.forms import GUARD, RESIZED
from silicon_cts.sampling.layout import LAYOUTS, SHARED, applicable
from silicon_cts.sampling.recipe import Recipe, RecipeError
from silicon_cts.sampling.sample import make


@pytest.fixture(autouse=True)
def without_gradients():
    with torch.no_grad():
        yield


def test_in_place_the_first_tensor_is_written_and_keeps_its_layout():
    sample = make(Recipe("add", "float32", 3, layouts=("transposed", "contiguous"), form="inplace"))
    plain = make(Recipe("add", "float32", 3))
    (position,) = sample.written
    target = sample.leaves[position]
    assert target.stride() == (1, 10)
    assert target.storage_offset() == GUARD
    assert torch.equal(sample.run(), plain.run())
    assert sample.tensors[0] is target


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name not in SHARED])
def test_out_is_garbage_of_the_right_shape_in_any_layout(layout):
    sample = make(Recipe("addmm", "complex64", 0, form="out", destination="contiguous"))
    if layout not in applicable(sample.tensors[-1].shape, torch.complex64):
        return
    sample = make(Recipe("addmm", "complex64", 0, form="out", destination=layout))
    (position,) = sample.written
    destination = sample.leaves[position]
    assert destination.isnan().all()
    torch.testing.assert_close(sample.run(), make(Recipe("addmm", "complex64", 0)).run())
    torch.testing.assert_close(destination, make(Recipe("addmm", "complex64", 0)).run())


@pytest.mark.parametrize("destination", RESIZED)
@pytest.mark.filterwarnings("ignore:An output with one or more elements was resized")
def test_a_destination_of_too_few_elements_is_resized(destination):
    sample = make(Recipe("addmm", "float32", 0, form="out", destination=destination))
    (position,) = sample.written
    assert sample.leaves[position].shape == RESIZED[destination]
    plain = make(Recipe("addmm", "float32", 0)).run()
    assert sample.run() is sample.leaves[position]
    torch.testing.assert_close(sample.leaves[position], plain)


def test_a_destination_of_another_dtype_holds_the_rounded_answer():
    sample = make(Recipe("add", "int64", 3, form="out", destination="transposed", destination_dtype="bfloat16"))
    sample.run()
    destination = sample.leaves[sample.written[0]]
    assert destination.dtype == torch.bfloat16
    assert torch.equal(destination, make(Recipe("add", "int64", 3)).run().to(torch.bfloat16))


def test_indices_keep_their_dtype_beside_values_of_another():
    sample = make(Recipe("cummax", "float32", 0, form="out", destination_dtype="bfloat16"))
    assert [sample.leaves[index].dtype for index in sample.written] == [torch.bfloat16, torch.int64]


def test_every_output_has_its_destination():
    sample = make(Recipe("linalg.qr", "float32", 0, form="out"))
    assert [sample.leaves[index].shape for index in sample.written] == [
        out.shape for out in make(Recipe("linalg.qr", "float32", 0)).run()
    ]


def test_guards_survive_a_change_of_device_or_dtype():
    from silicon_cts.sampling.observation import on_device, to_wide

    sample = to_wide(make(Recipe("exp", "float32", 0, leading=(3,), form="out", destination="transposed")))
    moved = on_device("meta").sample(sample)
    for one in (sample, moved):
        destination = one.leaves[one.written[0]]
        elements = destination.untyped_storage().nbytes() // 8
        assert (destination.dtype, elements) == (torch.float64, destination.numel() + 2 * GUARD)


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        (Recipe("cat", "float32", 0, form="inplace"), "no in-place form"),
        (Recipe("nn.functional.conv2d", "float32", 0, form="out"), "takes no out="),
        (Recipe("add", "float32", 0, form="sideways"), "no form 'sideways'; there are inplace, out and wrong"),
        (Recipe("exp", "float32", 0, form="out", destination="diagonal"), "no layout 'diagonal'"),
        (Recipe("exp", "float32", 0, form="out", destination_dtype="half"), "no dtype 'half'"),
        (Recipe("exp", "float32", 0, form="out", destination_dtype="int64"), "of float32 is not written into int64"),
        (Recipe("add", "float32", 0, wanted=(7,)), "tensor 7 of 2 has no gradient"),
    ],
)
def test_a_form_that_there_is_not_is_a_sentence(recipe, sentence):
    with pytest.raises(RecipeError, match=sentence):
        make(recipe)
