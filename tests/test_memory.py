"""What a large call needs: its input, its output, and nothing that grows with them."""

import subprocess
import sys

import pytest

SIZE = 1 << 28  # bytes of the input, and of the output where they are of one type
SLACK = 16 << 20  # pages that allocators and threads touch meanwhile
PROGRAM = """
import numpy as np
import numfmt as nf
def peak():
    lines = open('/proc/self/status').read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith('VmHWM'))
nf.set_num_threads(2)
x = np.full({size} // 4, 1.3, np.float32)
nf.quantize(x[:4096], "e4m3fn")
before = peak()
result = {call}
print((peak() - before) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(
    ("call", "output"),
    [
        ("nf.quantize(x, 'e4m3fn')", SIZE),
        ("nf.quantize(x, 'fixed<8,3>', 'stochastic', key=nf.Key(1))", SIZE),
        ("nf.quantize(x, 'posit<16,2>', 'up', out=x)", 0),
        ("nf.encode(x, 'e4m3fn')", SIZE // 4),
        ("nf.quantize(x, 'e4m3fn', dtype=np.float64)", 2 * SIZE),
    ],
)
def test_a_large_call_takes_its_output_and_no_more(call, output, tmp_path):
    """The peak grows by the output alone, whatever the path; in place by nothing."""
    program = PROGRAM.format(size=SIZE, call=call)
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert abs(int(run.stdout) - output) <= SLACK
