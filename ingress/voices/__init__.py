"""Voices that callers keep for cloning, and the consents of the people whose voices they are."""
