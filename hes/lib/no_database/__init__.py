"""Stands in for PostgreSQL while DATABASE_URL is unset; see `base`."""
