"""The local web application: what trainings measure while they go on, and models to look at and try."""
