"""The catalog: courses and certifications, their versions, and whether learners may come."""
