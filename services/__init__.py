"""The services of Rollbook, one package each; they never import one another."""
