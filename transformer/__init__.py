"""Toolchains: chains of predictors behind one name."""
