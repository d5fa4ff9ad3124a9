"""What the scripts share: streams, start-up, failures and exit codes."""
