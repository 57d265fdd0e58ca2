"""What the pages ask of the services, with the token of whoever looks at the page."""
