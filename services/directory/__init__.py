"""The directory: people, profiles, structure, jobs, fixed audiences, accounts and permission roles."""
