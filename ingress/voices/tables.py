"""The tables of the store, as its newest migration leaves them."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

# Blobs stand last: SQLite reads a row up to the columns that are asked for.
consents = Table(
    "voice_consents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("recording", LargeBinary, nullable=False),
    Index("voice_consents_by_owner", "owner", "id"),
)
voices = Table(
    "stored_voices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("consent_id", ForeignKey("voice_consents.id", ondelete="CASCADE"), nullable=False),
    Column("recording", LargeBinary, nullable=False),
    Index("voices_by_owner", "owner", "id"),
    Index("voices_by_consent", "consent_id"),
)
embeddings = Table(
    "voice_embeddings",
    metadata,
    Column("voice_id", ForeignKey("stored_voices.id", ondelete="CASCADE"), primary_key=True),
    Column("toolchain", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
events = Table(
    "voice_events",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("consent_id", Text),
    Column("sha256", Text),
    Index("voice_events_by_owner", "owner", "at"),
)
