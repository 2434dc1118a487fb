"""The import direction and the purity of the core (design, section 4)."""

import ast

import pytest

from tests.source import PACKAGES, Source, sources, within

# Each layer may import itself and those further down; those of one line never each other.
# What is not listed (hes.cli, hes.demo, hes.settings ...) is the composition root: it may import
# everything and nobody imports it.
LAYERS = (
    ("reports", "integration", "listeners"),
    ("workorders",),
    ("devices",),
    ("hes.domain", "hes.lib"),
)
# The floor: the domain uses the standard library only, hes.lib also Django.
FLOOR = {"hes.domain": ("hes.domain",), "hes.lib": ("hes.domain", "hes.lib")}

PURE = (
    "hes.domain",
    "devices.protocol",
    "devices.outbox.layouts",
    "devices.lifecycle",
    "devices.reachability",
    "workorders.states",
    "workorders.activities",
    "integration.soap.envelope",
    "listeners.datagrams",
    "listeners.paces",
    "listeners.serials",
    "listeners.stamps",
    "listeners.outages",
)
IMPURE_MODULES = (
    "django", "celery", "kombu", "redis", "psycopg2", "socket", "ssl", "select", "selectors",
    "asyncio", "subprocess", "threading", "time", "random", "secrets", "urllib.request",
    "http",
)  # fmt: skip
CLOCK_CALLS = frozenset({"now", "utcnow", "today"})

# Licences this product cannot carry (design D6).
FORBIDDEN = ("gurux_dlms", "gurux_common", "gurux_net", "primestg", "libcomxml", "dlms_cosem")


def _layer(module: str) -> int | None:
    for number, packages in enumerate(LAYERS):
        if any(within(module, package) for package in packages):
            return number
    return None


def _package(module: str) -> str:
    return next(package for layer in LAYERS for package in layer if within(module, package))


def _allowed(importer: str, imported: str) -> bool:
    home, target = _layer(importer), _layer(imported)
    if home is None:
        return True
    if target is None:
        return imported == "hes"
    if _package(importer) in FLOOR:
        return _package(imported) in FLOOR[_package(importer)]
    return target > home or _package(importer) == _package(imported)


def _ours(name: str) -> bool:
    return name.partition(".")[0] in PACKAGES


def _is_pure(source: Source) -> bool:
    return any(within(source.module, package) for package in PURE)


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.module)
def test_imports_point_downwards(source):
    wrong = [
        f"{source.place(line)}: {source.module} imports {name}"
        for line, name in source.imports()
        if _ours(name) and not _allowed(source.module, name)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "source", [source for source in sources() if _is_pure(source)], ids=lambda source: source.module
)
def test_the_core_knows_no_framework_socket_or_clock(source):
    imports = [
        f"{source.place(line)}: imports {name}"
        for line, name in source.imports()
        if any(within(name, module) for module in IMPURE_MODULES)
    ]
    clocks = [
        f"{source.place(node.lineno)}: asks the clock"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCK_CALLS
    ]
    assert imports + clocks == []


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("integration.export.cursor", "devices.models", True),
        ("workorders.engine", "devices.drivers.base", True),
        ("devices.recording", "hes.domain.records", True),
        ("hes.lib.crypto", "hes.domain.errors", True),
        ("hes.demo", "integration.export", True),
        ("devices.recording", "workorders.lanes", False),
        ("integration.soap", "reports.base", False),
        ("workorders.engine", "hes.settings", False),
        ("hes.domain.time", "hes.lib.env", False),
        ("hes.lib.env", "devices.models", False),
    ],
)
def test_the_rule_itself(importer, imported, allowed):
    assert _allowed(importer, imported) is allowed


def test_the_core_is_found():
    assert {"hes.domain", "devices.protocol"} <= {
        package for package in PURE for source in sources() if within(source.module, package)
    }


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.module)
def test_nothing_with_a_licence_we_cannot_carry_is_imported(source):
    wrong = [name for _, name in source.imports() if any(within(name, bad) for bad in FORBIDDEN)]
    assert wrong == []
