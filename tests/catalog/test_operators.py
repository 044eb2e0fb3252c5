"""The catalog holds every entry of op_db, and knows of each what can be asked."""

import subprocess
import sys

import torch
from torch.testing._internal.common_methods_invocations import op_db

from silicon_cts.catalog import traits
from silicon_cts.catalog.dtypes import DTYPES, name_of, wide
from silicon_cts.catalog.operators import operators


def test_every_entry_is_there_once_in_order():
    assert list(operators()) == [info.full_name for info in op_db]


def test_what_is_known_of_some():
    conv = operators()["nn.functional.conv2d"]
    assert {"float32", "complex64"} <= conv.dtypes
    assert "int64" not in conv.gradient_dtypes
    assert not conv.out
    add = operators()["add"]
    assert (add.out, add.inplace, add.random, add.unchecked) == (True, True, False, None)
    assert operators()["nn.functional.dropout"].random
    assert operators()["empty_like"].uninitialised
    assert operators()["nonzero"].data_dependent
    assert operators()["std_mean.unbiased"].variant == "unbiased"


def test_what_cannot_be_checked_has_a_reason():
    unchecked = {operator.id: operator.unchecked for operator in operators().values() if operator.unchecked}
    assert len(unchecked) == 12
    assert all(len(reason) > 20 for reason in unchecked.values())
    for operator in operators().values():
        assert operator.unchecked or operator.dtypes & set(DTYPES), operator.id


def test_every_row_of_the_traits_matches_an_operator():
    for table in (traits.UNCHECKED, traits.UNINITIALISED, traits.DATA_DEPENDENT):
        for pattern in table:
            assert any(traits.look_up({pattern: "x"}, name) for name in operators()), pattern


def test_what_only_moves_data_is_in_the_catalog():
    for pattern in traits.EXACT:
        assert any(traits.look_up({pattern: "x"}, name) for name in operators()), pattern
    assert traits.only_moves_data("meshgrid.list_of_tensors")
    assert not traits.only_moves_data("add")


def test_dtypes_are_those_of_torch():
    for dtype in DTYPES.values():
        assert name_of(dtype.torch) == dtype.name
        if dtype.significand and dtype.kind == "float":
            assert torch.finfo(dtype.torch).eps == 2 * dtype.roundoff
    assert [wide(name) for name in ("float16", "complex64", "int32")] == ["float64", "complex128", "int32"]


def test_importing_the_package_and_the_plugin_imports_no_torch():
    code = "import sys, silicon_cts, silicon_cts.plugin, silicon_cts.cli; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
