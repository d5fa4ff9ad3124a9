"""The command lines of the scripts, and the options that several of them share."""
