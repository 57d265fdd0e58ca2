"""Enrollment: assignments, the learners that they hold, and the one evaluator that keeps the two in step.

Begin with `domain/standing.py`: it says what happens to a learner when an assignment comes or goes.
"""
