"""The pages an operator works with; plain forms that HTMX improves."""
