"""Networks of neurons: architectures, update rules, interactions and their symmetries."""
