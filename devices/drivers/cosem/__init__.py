"""Driver `cosem`: concentrators as COSEM servers with bulk tables, meters behind their gateway."""
