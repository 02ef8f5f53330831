"""The pages of notifications: an account's destinations, rules, and what was told."""
