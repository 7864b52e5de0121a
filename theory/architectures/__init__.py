"""Networks of any architecture in the wide limit: results on a layer graph that is given as text."""
