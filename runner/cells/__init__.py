"""Cells: installations that hold some tenants each, and the file that says which."""
