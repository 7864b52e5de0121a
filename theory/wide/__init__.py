"""The limit of wide layers: kernels of activations, layer graphs and convolutions."""
