"""Module loads through Lmod or Environment Modules."""
