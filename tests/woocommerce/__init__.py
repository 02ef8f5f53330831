"""A WooCommerce shop for tests: in memory, answering as the recorded one (7.9) did."""
