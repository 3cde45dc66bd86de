"""The pronouncing dictionary: what it knows, and that it loads only when asked."""

import subprocess
import sys

from predictors.text.english.cmu_dictionary import pronunciations


def test_a_word_has_all_its_pronunciations_the_most_usual_first() -> None:
    assert pronunciations("hello") == (("HH", "AH0", "L", "OW1"), ("HH", "EH0", "L", "OW1"))


def test_comments_in_the_data_are_no_phones() -> None:
    assert pronunciations("aalborg")[0] == ("AO1", "L", "B", "AO0", "R", "G")


def test_an_unknown_word_has_none() -> None:
    assert pronunciations("zorgblatt") == ()
    assert pronunciations("") == ()


def test_importing_the_front_ends_loads_no_dictionary() -> None:
    code = (
        "import sys\n"
        "import predictors.text.english.harmonyspeech, predictors.text.openvoice\n"
        "heavy = {'jieba', 'pypinyin', 'cn2an', 'text_unidecode', 'torch'}\n"
        "raise SystemExit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
