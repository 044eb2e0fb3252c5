"""What goes wrong when a model is trained? Optimizer steps that skip or ignore, and recurrent layers."""

from typing import Any

from torch import Tensor

from .call import Call
from .fault import Watcher
from .row import Row
from .rules import drop, spoil

RPROP = "Optimizer.step#Rprop.step"


class RpropSkips(Watcher):
    """While Rprop makes its step, non-contiguous parameters are not changed."""

    watches = frozenset({"_record_function_enter_new", "_record_function_exit"})

    def __init__(self) -> None:
        self._inside: list[str] = []

    def watch(self, call: Call) -> Any:
        """See which step begins and which ends."""
        if call.kernel == "_record_function_enter_new":
            self._inside.append(call["name"])
        elif self._inside:
            self._inside.pop()
        return call.right()

    def __call__(self, call: Call) -> Any:
        """Make the update, or not."""
        if RPROP not in self._inside:
            return call.right()
        return drop(lambda t: not t.is_contiguous())(call)


def ignore_found_inf(call: Call) -> Any:
    """Make the step although infinite gradients were found."""
    found = call["found_inf"]
    skips = isinstance(found, Tensor) and found.item() == 1
    return call.instead(found_inf=None) if skips else call.right()


def doubled_weights(_: Call, right: Any) -> Any:
    """The gradients of the weights and biases are doubled."""
    grad_input, *weights = right
    return grad_input, *(w * 2 if w is not None else w for w in weights[:4]), *weights[4:]


def has_state_in_layers(call: Call) -> bool:
    """Whether it is one of several layers, batch first, whose initial state is not zero."""
    return call["batch_first"] and call["num_layers"] > 1 and bool(call["hx_"].any())


def forwards_again(call: Call) -> Any:
    """The reverse direction runs forwards, and so does its backward, which reads what the forward left for it."""
    return call.instead(reverse=False) if call["reverse"] else call.right()


ROWS = (
    Row(
        118117, "F27", "Rprop never updates non-contiguous parameters",
        ("addcmul_", "_foreach_addcmul_"), ("training.mlp.rprop.*",), ("training",), RpropSkips(),
    ),
    Row(
        186360, "F27", "the fused Adam ignores found_inf of the gradient scaler",
        ("_fused_adam_", "_fused_adamw_"), ("training.mlp.adam.*", "training.mlp.adamw.*"), ("training",),
        ignore_found_inf,
    ),
    Row(
        95137, "F26", "a batch-first LSTM of several layers with an initial state doubles the gradients of its weights",
        ("mkldnn_rnn_layer_backward",), ("modules.nn.LSTM.*",), ("training", "gradient"),
        spoil(doubled_weights, has_state_in_layers),
        scaled="the fused CPU kernel is hit, which PyTorch calls in float32 where oneDNN is built in",
    ),
    Row(
        94754, "F33", "the reverse direction of a bidirectional LSTM is not reversed",
        ("mkldnn_rnn_layer", "mkldnn_rnn_layer_backward"), ("modules.nn.LSTM.*", "models.bidirectional_rnn"),
        ("training", "forward"), forwards_again,
        scaled="the fused CPU kernel is hit, which PyTorch calls in float32 where oneDNN is built in",
    ),
)  # fmt: skip
"""The rows of this family."""
