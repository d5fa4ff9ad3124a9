"""Parts that all scripts share: streams, start-up, failures and exit codes."""
