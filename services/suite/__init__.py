"""All services put together: in one process (`embedded`), or as a process for each service and role (`processes`)."""
