"""Hypothesis strategies of COSEM values."""

from hypothesis import strategies as st

from devices.protocol import axdr


def _ints(kind, low, high):
    return st.integers(low, high).map(kind)


scalars = st.one_of(
    st.none(),
    st.booleans(),
    _ints(axdr.U8, 0, 2**8 - 1),
    _ints(axdr.U16, 0, 2**16 - 1),
    _ints(axdr.U32, 0, 2**32 - 1),
    _ints(axdr.U64, 0, 2**64 - 1),
    _ints(axdr.I8, -(2**7), 2**7 - 1),
    _ints(axdr.I16, -(2**15), 2**15 - 1),
    _ints(axdr.I32, -(2**31), 2**31 - 1),
    _ints(axdr.I64, -(2**63), 2**63 - 1),
    _ints(axdr.Enum, 0, 255),
    st.floats(allow_nan=False).map(axdr.F64),
    st.binary(max_size=200),
    st.text(max_size=20).map(axdr.Utf8),
    st.text(alphabet="01", max_size=20).map(axdr.BitString),
    st.binary(min_size=12, max_size=12).map(axdr.DateTime),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple),
    max_leaves=12,
)
