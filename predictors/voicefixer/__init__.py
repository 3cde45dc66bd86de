"""VoiceFixer at work: from files to networks, from recordings to mels and from mels to sound."""
