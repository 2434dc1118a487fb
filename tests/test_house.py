"""House numbers: small functions, small files, absolute imports."""

import ast

import pytest

from tests.source import Source, sources

LONGEST_FUNCTION = 40
LONGEST_FILE = 400

each_source = pytest.mark.parametrize("source", sources(), ids=lambda source: source.module)


@each_source
def test_a_file_stays_small(source: Source):
    lines = len(source.text.splitlines())
    assert lines <= LONGEST_FILE, f"{source.place(1)} has {lines} lines"


@each_source
def test_a_function_stays_small(source: Source):
    long = [
        f"{source.place(node.lineno)}: {node.name} has {length} lines"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := node.end_lineno - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert long == []


@each_source
def test_imports_are_absolute_and_name_what_they_take(source: Source):
    wrong = [
        source.place(node.lineno)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom)
        and (node.level or any(alias.name == "*" for alias in node.names))
    ]
    assert wrong == []
