"""What nf_operate refuses, and that nothing is written then."""

import numpy as np
import pytest
from arithmetic_cases import operate
from oracle_formats import Fixed, Float
from subjects import library

import numfmt as nf
from numfmt import _core
from numfmt._core import ffi, lib

FIXED, E5M2 = Fixed(8, 3), Float(5, 2)
N = 600


def call(operation=lib.NF_OP_add, **changes):
    """The status of one call, some of its arguments changed; the result must stay as it was."""
    descriptor = library(E5M2)._descriptor()
    codes, out = np.full(N, 60, np.uint8), np.full(N + 8, 77, np.uint8)
    flags = np.full(N, 9, np.uint8)
    options = ffi.new("nf_options *", changes.pop("options", {}))
    if changes.pop("wants_flags", False):
        options.element_flags = ffi.cast("uint8_t *", ffi.from_buffer(flags))
    operands = ffi.new("nf_operand[3]")
    for operand in operands:
        operand.format, operand.data, operand.step = descriptor, ffi.from_buffer(codes), 1
    for field, value in changes.pop("operand", {}).items():
        setattr(operands[1], field, value)
    result = changes.get("result", ffi.from_buffer(out))
    arguments = [
        operation,
        changes.get("format", descriptor),
        options,
        changes.get("operands", operands),
        ffi.from_buffer(codes) + result if isinstance(result, int) else result,
        changes.get("n", N),
        ffi.NULL,
    ]
    status = lib.nf_operate(*arguments)
    if status != lib.NF_OK:
        assert (out == 77).all()
        assert (codes == 60).all()
        assert (flags == 9).all()
    return status


def nonsense(**fields):
    """A descriptor of no format."""
    return ffi.new("nf_format *", {"family": 1, "width": 8, "is_signed": 1, **fields})


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        ("OK", {}),
        ("OK", {"result": 0}),
        ("OK", {"n": 0, "operands": ffi.new("nf_operand[3]"), "result": ffi.NULL}),
        ("BAD_ARGUMENT", {"operation": lib.NF_OPERATION_COUNT}),
        ("BAD_ARGUMENT", {"operation": 10**6}),
        ("BAD_ARGUMENT", {"operands": ffi.NULL}),
        ("BAD_ARGUMENT", {"result": ffi.NULL}),
        ("BAD_ARGUMENT", {"result": 1}),
        ("BAD_ARGUMENT", {"n": 2**62}),
        ("BAD_ARGUMENT", {"operand": {"data": ffi.NULL}}),
        ("BAD_ARGUMENT", {"operand": {"step": 2}}),
        ("BAD_ARGUMENT", {"operand": {"type": lib.NF_F64}}),
        ("BAD_ARGUMENT", {"operand": {"format": ffi.NULL, "type": lib.NF_TYPE_COUNT}}),
        ("BAD_FORMAT", {"format": ffi.NULL}),
        ("BAD_FORMAT", {"format": nonsense(exponent_bits=9)}),
        ("BAD_FORMAT", {"operand": {"format": nonsense(family=99)}}),
        ("BAD_FORMAT", {"operation": lib.NF_OP_less}),
        ("BAD_ROUNDING", {"options": {"rounding": 99}}),
        ("BAD_OVERFLOW", {"options": {"overflow": 11}}),
        ("BAD_NAN", {"options": {"nan": 1}}),
        ("NEEDS_RANDOM", {"options": {"rounding": 12}}),
        (
            "BAD_ROUNDING",
            {"operation": lib.NF_OP_less, "format": ffi.NULL, "options": {"rounding": 1}},
        ),
        ("BAD_NAN", {"operation": lib.NF_OP_less, "format": ffi.NULL, "options": {"nan": 1}}),
    ],
)
def test_wrong_arguments_have_a_status_and_write_nothing(status, changes):
    """Sizes, NULLs, descriptors of no format, modes without a meaning."""
    assert call(wants_flags=True, **changes) == getattr(lib, f"NF_{status}")


def test_neighbours_need_a_format():
    """A plain number has none."""
    out, number = np.zeros(1, np.uint8), np.ones(1, np.float16)
    operand = ffi.new("nf_operand *", {"data": ffi.from_buffer(number), "step": 1})
    arguments = (library(E5M2)._descriptor(), ffi.NULL, operand, ffi.from_buffer(out), 1, ffi.NULL)
    assert lib.nf_operate(lib.NF_OP_next_up, *arguments) == lib.NF_BAD_ARGUMENT


def test_named_functions_take_no_null_operand():
    """Each operand is looked at."""
    descriptor, codes = library(E5M2)._descriptor(), np.full(4, 60, np.uint8)
    data = ffi.from_buffer(codes)
    one = ffi.new("nf_operand *", {"format": descriptor, "data": data, "step": 1})
    arguments = (descriptor, ffi.NULL, one)
    assert lib.nf_add(*arguments, ffi.NULL, data, 4, ffi.NULL) == lib.NF_BAD_ARGUMENT
    assert lib.nf_add(*arguments, one, data, 4, ffi.NULL) == lib.NF_OK
    assert (codes == 64).all()


@pytest.mark.parametrize("isa", _core.available_isas())
def test_a_division_by_zero_of_fixed_point_names_the_element(isa):
    """The first one, in a long array too, and what is there already stays."""
    a, b = np.full(N, 8, np.uint8), np.full(N, 8, np.uint8)
    b[[411, 599]] = 0
    with _core.forced_isa(isa):
        refused = operate("divide", FIXED, [(a, FIXED), (b, FIXED)])
    assert refused == (nf.NanError, 411)
    assert operate("divide", FIXED, [(a, FIXED), (b, FIXED)], (None, None, "max"))[411] == 127


def test_overflow_error_names_the_element():
    """Under the policy `error` nothing is written."""
    a = np.arange(N, dtype=np.uint8) % 16
    a[300] = 127
    refused = operate("multiply", FIXED, [(a, FIXED), (a, FIXED)], (None, "error", None))
    assert refused == (nf.RangeError, 300)


def test_flags_of_elements_are_for_operations_alone():
    """quantize and its kin refuse them rather than leave them."""
    options = ffi.new("nf_options *", {"tiny_before": 1})
    x = np.ones(3)
    status = lib.nf_encode(
        library(E5M2)._descriptor(),
        options,
        lib.NF_F64,
        ffi.from_buffer(x),
        ffi.from_buffer(np.zeros(3, np.uint8)),
        3,
        ffi.NULL,
    )
    assert status == lib.NF_BAD_ARGUMENT


def test_operations_have_names_and_numbers():
    """The table's rows are those of the enum, and a row past the end is NULL."""
    for name, row in _core.OPERATIONS.items():
        assert row.number == getattr(lib, f"NF_OP_{name}")
        assert row.meaning
        assert 1 <= row.operands <= 3
    assert len(_core.OPERATIONS) == lib.NF_OPERATION_COUNT
    assert lib.nf_operation_at(lib.NF_OPERATION_COUNT) == ffi.NULL
