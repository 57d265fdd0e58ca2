"""Pages. No data of its own: it asks the services over HTTP, as any client does."""
