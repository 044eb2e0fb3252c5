"""How does PyTorch's CPU compute where it is the yardstick: on how many threads, with which instructions?"""

from __future__ import annotations

import os

ONEDNN = "ONEDNN_MAX_CPU_ISA"
"""What oneDNN reads when it is first asked, in each process: the newest instructions that it may use."""
YARDSTICK = "AVX512_CORE_BF16"
"""The newest of them that calls are drawn and judged with. On processors with AMX and arithmetic in float16, as Intel's
since Sapphire Rapids, convolutions of PyTorch 2.13 read beyond their tensors, or end the process:

    F.conv2d(ones(1, 1024, 5, 5, dtype=bfloat16), ones(1, 1024, 2, 3, dtype=bfloat16), None, 2, 1, (2, 3))  # 3072: 2048
    F.conv_transpose1d(ones(1, 1, 3, dtype=bfloat16), ones(1, 257, 32, dtype=bfloat16), None, 257, 1, 1)  # SIGSEGV
    F.conv1d(ones(33, 33, 1, dtype=float16), ones(33, 1, 1, dtype=float16), ones(33, ...), 3, 2, 2, 33)  # SIGSEGV
"""


def as_yardstick() -> None:
    """This process on one thread, as several share the cores and an answer must not depend on their number; and oneDNN
    without the instructions that the yardstick leaves alone, unless the environment says which it may use. To be called
    before it has computed anything; processes that are started later are as ever."""
    import torch

    torch.set_num_threads(1)
    if ONEDNN in os.environ:
        return
    os.environ[ONEDNN] = YARDSTICK
    try:
        torch.ops.mkldnn._is_mkldnn_bf16_supported()  # reads it, once and for all
    finally:
        del os.environ[ONEDNN]
