"""The API: contract, roles and errors over the same verbs that the pages use."""
