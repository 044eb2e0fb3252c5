"""How is a training step written in the operators that inference converters know?

Every decomposition is a function with the arguments of its ATen operator; ``table`` lists them. They use static shapes
and forward operators alone: padding, slicing, convolution without bias and dilation, products of matrices, reductions
that keep their dimensions. None of them scatters, and none needs a tensor of more than five dimensions for a 2-D layer.
"""
