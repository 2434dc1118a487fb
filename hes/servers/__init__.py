"""The parts of the embedded servers; `hes.embedded` puts them together."""
