"""Commands of enrollment, one method each, and the evaluator that carries their consequences to every learner."""
