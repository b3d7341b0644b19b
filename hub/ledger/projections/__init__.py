"""The same records as other standards want to read them. Pure: one sealed record in, lines out.

Nothing is stored in these forms: they are made when somebody asks, and the same record always
gives the same lines, so that what is loaded twice can be told to be the same.
"""
