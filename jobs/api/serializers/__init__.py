"""What the API takes and answers, a module per subject."""
