"""Who speaks when: windows of speech, clusters of voices, turns of speakers."""
