"""The first tables: consents, voices, their embeddings, and what was done to them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "voice_consents",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("recording", sa.LargeBinary, nullable=False),
    )
    op.create_index("voice_consents_by_owner", "voice_consents", ["owner", "id"])
    _create_voices()
    op.create_table(
        "voice_events",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("consent_id", sa.Text),
        sa.Column("sha256", sa.Text),
    )
    op.create_index("voice_events_by_owner", "voice_events", ["owner", "at"])


def _create_voices() -> None:
    consent = sa.ForeignKey("voice_consents.id", ondelete="CASCADE")
    voice = sa.ForeignKey("stored_voices.id", ondelete="CASCADE")
    op.create_table(
        "stored_voices",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("consent_id", sa.Text, consent, nullable=False),
        sa.Column("recording", sa.LargeBinary, nullable=False),
    )
    op.create_index("voices_by_owner", "stored_voices", ["owner", "id"])
    op.create_index("voices_by_consent", "stored_voices", ["consent_id"])
    op.create_table(
        "voice_embeddings",
        sa.Column("voice_id", sa.Text, voice, primary_key=True),
        sa.Column("toolchain", sa.Text, primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    for name in ("voice_events", "voice_embeddings", "stored_voices", "voice_consents"):
        op.drop_table(name)
