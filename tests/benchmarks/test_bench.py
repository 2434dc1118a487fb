"""The list of benchmarks, and those that need no database of their own, once around."""

import pytest

from benchmarks.bench import BENCHMARKS, Bench, Benchmark


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_fits_the_product_and_says_how_it_measures(name):
    benchmark = Benchmark.load(name)
    assert callable(benchmark.run)
    assert benchmark.method.endswith(".")


@pytest.mark.parametrize("name", ["codec", "encoding"])
def test_a_benchmark_yields_its_lines(name, tmp_path):
    results = list(Benchmark.load(name).run(Bench(tmp_path, rounds=1)))
    assert results
    assert all(result.promise is not None and result.value > 0 for result in results)
