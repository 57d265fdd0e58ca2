"""The kernel: what every service stands on, with no domain knowledge except the event contracts."""
