"""What is checked: the operators of PyTorch's ``op_db``, what is known about each, and what each is asked."""
