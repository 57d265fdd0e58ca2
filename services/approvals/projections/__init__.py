"""Tables of approvals, and what is asked of them."""
