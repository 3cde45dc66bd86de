"""Alembic's entry: runs the migrations on the connection that ingress/voices/migrate.py gives."""

from alembic import context

from ingress.voices.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="voices_version",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
