"""From a text as a client sent it to the words that a person would read aloud."""
