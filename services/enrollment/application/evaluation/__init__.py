"""From facts to enrollments: who is judged, how, and what is written."""
