"""What is observed of a call, and what no operator may do."""

from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.memory import Memory
from silicon_cts.sampling.observation import OBSERVE, Setting, on_device, to_contiguous
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.related import related
from silicon_cts.sampling.sample import make


def setting(change):
    """A setting in which the operator's call is another function of ``(right, args, kwargs)``."""

    def spoil(sample: Sample) -> Sample:
        right = sample.call
        return replace(sample, call=lambda *args, **kwargs: change(right, args, kwargs))

    return Setting(spoil)


def whole(tensor: torch.Tensor) -> torch.Tensor:
    elements = tensor.untyped_storage().nbytes() // tensor.element_size()
    return tensor.as_strided((elements,), (1,), 0)


def test_an_input_that_was_changed_is_a_violation():
    def change(right, args, kwargs):
        answer = right(*args, **kwargs)
        args[1].reshape(-1)[0].add_(1)
        return answer

    recipe = Recipe("mul", "float32", 1)
    assert OBSERVE["forward"](recipe, Setting()).violations == ()
    assert OBSERVE["forward"](recipe, setting(change)).violations == ("tensor 1, an input, was changed",)


@pytest.mark.parametrize("layout", ["contiguous", "transposed", "sliced", "narrowed", "offset"])
@pytest.mark.parametrize("form", ["inplace", "out"])
def test_what_is_written_beside_the_destination_is_a_violation(form, layout):
    def change(right, args, kwargs):
        answer = right(*args, **kwargs)
        whole(answer)[3] = 0  # in the guard
        return answer

    where = {"layouts": (layout,)} if form == "inplace" else {"destination": layout}
    recipe = Recipe("exp", "float32", 0, leading=(3,), form=form, **where)
    assert OBSERVE[form](recipe, Setting()).violations == ()
    (said,) = OBSERVE[form](recipe, setting(change)).violations
    assert said.startswith("memory beside tensor")


def test_another_tensor_than_the_destination_is_a_violation():
    recipe = Recipe("exp", "float32", 0, form="out")
    found = OBSERVE["out"](recipe, setting(lambda right, args, kwargs: right(*args, **kwargs).clone()))
    assert found.violations == ("what it returns is not what it was given to write to",)


def test_a_write_that_is_dropped_leaves_garbage():
    def change(right, args, kwargs):
        right(*args)
        return kwargs["out"]

    found = OBSERVE["out"](Recipe("exp", "float32", 0, form="out"), setting(change))
    assert found.tensors[0].isnan().all()


def test_a_call_may_ask_for_more_memory_than_it_was_given():
    tensor = torch.zeros(2)
    memory = Memory(tensor)
    tensor.resize_(5)  # torch never resizes memory that NumPy has seen
    assert not memory.changed_beside()


def test_zeros_of_either_sign_are_different_memory():
    tensor = torch.zeros(4)
    memory = Memory(tensor)
    tensor.neg_()
    assert memory.changed()


def test_contiguous_is_the_same_call_from_plain_memory():
    recipe = Recipe("addmm", "complex64", 0, layouts=("conjugate", "sliced", "transposed"))
    plain = to_contiguous(make(recipe))
    assert all(tensor.is_contiguous() and not tensor.is_conj() for tensor in plain.tensors)
    torch.testing.assert_close(plain.run(), make(recipe).run())


def test_gradients_are_asked_of_some_inputs_and_added_up_under_a_strided_grad_output():
    recipe = Recipe("addmm", "float32", 0, cotangent="transposed", wanted=(0, 2))
    found = OBSERVE["gradient"](recipe, on_device("cpu")).tensors
    plain = OBSERVE["gradient"](replace(recipe, cotangent="", wanted=()), Setting()).tensors
    assert len(plain) == 3
    for got, expected in zip(found, [plain[0], plain[2], 2 * plain[0], 2 * plain[2]], strict=True):
        torch.testing.assert_close(got, expected)


def test_a_call_is_repeated_after_others_that_a_small_cache_key_confuses():
    recipe = Recipe("mul", "float32", 1, sizes=((5, 7),))
    others = related(recipe)
    assert {tuple(other.tensors[0].shape) for other in others} != {tuple(make(recipe).tensors[0].shape)}
    found = OBSERVE["repeat"](recipe, Setting()).tensors
    assert len(found) == len(others) + 2
    assert torch.equal(found[0], found[-1])


def test_what_surrounds_the_calls_surrounds_nothing_else():
    entered = []

    @contextmanager
    def around():
        entered.append("call")
        yield

    class Around:
        def __enter__(self):
            self.inner = around()
            self.inner.__enter__()

        def __exit__(self, *error):
            self.inner.__exit__(*error)

    OBSERVE["forward"](Recipe("exp", "float32", 0), replace(Setting(), around=Around()))
    assert entered == ["call"]


def test_a_gradient_is_added_to_one_input_alone_where_several_are_given_views_of_one():
    """Of inputs that are strided, autograd keeps such views in ``.grad``; the sum was thrice the gradient."""
    asked = Recipe(
        "vstack", "float32", 0, axes=((-1, 5, 9),), leading=(1, 2, 1, 3),
        layouts=("expanded", "channels_last_sliced", "contiguous"), cotangent="expanded",
    )  # fmt: skip
    found = OBSERVE["gradient"](asked, Setting()).tensors
    for once, twice in zip(found[:3], found[3:], strict=True):
        assert torch.equal(2 * once, twice)
