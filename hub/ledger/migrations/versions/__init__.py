"""One file for each version of the tables, in order; none is changed once it was released."""
