"""The thin runner of fundwarden: it applies, seeds, shows and tests what lives in PostgreSQL."""

__version__ = "0.1.0"
