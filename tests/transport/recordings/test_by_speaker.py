"""Words given to speakers."""

from contract.tasks import SpeakerSegment, TranscriptSegment, Word
from transport.recordings.by_speaker import by_speaker


def said(text, start_s, *, step_s=0.5, words=True):
    """A transcript's segment, a word every half second."""
    timed = tuple(
        Word(start_s + i * step_s, start_s + (i + 1) * step_s, f" {word}", 1.0)
        for i, word in enumerate(text.split())
    )
    end_s = timed[-1].end_s
    return TranscriptSegment(
        0, 0, start_s, end_s, f" {text}", (), 0, 0, 0, 0, timed if words else None
    )


def shown(segments):
    return [(one.speaker, one.text, one.start_s, one.end_s) for one in segments]


TURNS = (SpeakerSegment(0.0, 2.1, "A"), SpeakerSegment(2.1, 4.0, "B"))


def test_a_sentence_is_cut_where_the_speaker_changes():
    assert shown(by_speaker([said("Are you there? Yes, I am.", 0.5)], TURNS)) == [
        ("A", "Are you there?", 0.5, 2.0),
        ("B", "Yes, I am.", 2.0, 3.5),
    ]


def test_each_part_keeps_its_words():
    first, second = by_speaker([said("Are you there? Yes, I am.", 0.5)], TURNS)
    assert [one.word for one in first.words] == [" Are", " you", " there?"]
    assert [one.word for one in second.words] == [" Yes,", " I", " am."]


def test_a_sentence_without_word_times_is_whose_it_is_mostly():
    whole = by_speaker([said("Are you there my friend", 1.0, words=False)], TURNS)
    assert shown(whole) == [("B", "Are you there my friend", 1.0, 3.5)]


def test_a_word_in_a_pause_is_the_nearest_speaker_s():
    apart = (SpeakerSegment(0.0, 1.0, "A"), SpeakerSegment(9.0, 10.0, "B"))
    assert shown(by_speaker([said("Well", 2.0), said("So", 8.0)], apart)) == [
        ("A", "Well", 2.0, 2.5),
        ("B", "So", 8.0, 8.5),
    ]
    assert by_speaker([said("Late", 20.0)], apart)[0].speaker == "B"


def test_words_where_nobody_was_heard_are_one_speaker_s():
    assert by_speaker([said("Hello", 1.0)], ())[0].speaker == "A"


def test_under_two_voices_at_once_a_word_is_found_by_its_time():
    both = (SpeakerSegment(0.0, 6.0, "A"), SpeakerSegment(2.0, 3.0, "B"), SpeakerSegment(7, 8, "B"))
    assert [one.speaker for one in by_speaker([said("Yes", 5.0), said("No", 7.1)], both)] == [
        "A",
        "B",
    ]
