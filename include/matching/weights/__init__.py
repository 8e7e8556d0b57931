"""How much each level tells: priors, estimation, the fitted model."""
