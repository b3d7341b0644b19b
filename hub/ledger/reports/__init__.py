"""Answers to the questions that the law lets somebody ask: a person, a register, a partner."""
