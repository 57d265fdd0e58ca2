"""Every report, as of any day. Reads the other services' histories; owns no facts of its own."""
