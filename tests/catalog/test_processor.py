"""What the yardstick computes with: not the instructions with which oneDNN ends the process."""

import os
import subprocess
import sys

import pytest

ASKED = """
import torch
from torch.nn import functional as F
from silicon_cts.catalog.processor import ONEDNN, as_yardstick

as_yardstick()
half, short = torch.bfloat16, torch.float16
print(F.conv2d(torch.ones(1, 1024, 5, 5, dtype=half), torch.ones(1, 1024, 2, 3, dtype=half), None, 2, 1, (2, 3)).max())
print(F.conv_transpose1d(torch.ones(1, 1, 3, dtype=half), torch.ones(1, 257, 32, dtype=half), None, 257, 1, 1).max())
one = torch.ones(33, dtype=short)
print(F.conv1d(one.expand(33, 33).unsqueeze(-1).contiguous(), one.view(33, 1, 1), one, 3, 2, 2, 33).max())
import os
print(os.environ.get(ONEDNN))
"""


@pytest.mark.parametrize("own", ["", "AVX2"])
def test_convolutions_of_a_process_that_judges_are_right_and_the_environment_is_as_it_was(own):
    environment = {name: value for name, value in os.environ.items() if name != "ONEDNN_MAX_CPU_ISA"}
    environment |= {"ONEDNN_MAX_CPU_ISA": own} if own else {}
    asked = subprocess.run(
        [sys.executable, "-c", ASKED], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    largest = [line.split(",")[0].removeprefix("tensor(") for line in asked.stdout.splitlines()]
    assert largest == ["2048.", "1.", "1.", own or "None"], asked.stderr
