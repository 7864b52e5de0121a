"""Networks with neurons as degrees of freedom."""
