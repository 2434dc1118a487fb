"""Sans-io DLMS/COSEM codec and session core: bytes in, typed values and events out.

Facts are those of IEC 62056-5-3, 62056-6-1, 62056-6-2 and 62056-4-7; what is our own choice is
marked *assumed* and stands in the companion profile (docs/field.md).
"""
