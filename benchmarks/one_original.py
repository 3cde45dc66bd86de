"""One side of benchmarks.originals: reads an entry, then does its work once for each line on
standard input."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from benchmarks import material
from benchmarks.one_model import REQUESTS, recording
from benchmarks.server import THREADS
from contract.audio.codec import Audio, resample
from contract.config import ModelConfig
from contract.tasks import AudioOutput
from predictors.runtime.direct import answers
from predictors.runtime.openmp import set_openmp_passive
from predictors.runtime.registry import model_type_class
from predictors.runtime.weights.source import resolve
from predictors.runtime.weights.store import WeightStore

Work = Callable[[], float]
"""Does the work once; returns the seconds of sound that it made or heard."""
_HOP = 480


def main() -> None:
    answers_to, sys.stdout = sys.stdout, sys.stderr  # for libraries that print
    set_openmp_passive()
    entry = ModelConfig.model_validate_json(sys.stdin.readline())
    work: Work | None = None
    skipped = ""
    try:
        _limit_threads()
        work = _ours(entry) if sys.argv[1] == "ours" else _ORIGINALS[entry.model_type](entry)
        work()  # the first call of a size plans its memory
    except (ImportError, OSError) as exc:
        skipped = f"{type(exc).__name__}: {exc}"
    print(json.dumps({"skipped": skipped}), file=answers_to, flush=True)
    for _ in sys.stdin:
        if work is None:
            return
        began, used = time.perf_counter(), time.process_time()
        sound_s = work()
        figures = {
            "seconds": (time.perf_counter() - began) / sound_s,
            "processor_s": (time.process_time() - used) / sound_s,
        }
        print(json.dumps(figures), file=answers_to, flush=True)


def _limit_threads() -> None:
    os.environ["OMP_NUM_THREADS"] = str(THREADS)
    import torch

    torch.set_num_threads(THREADS)


def _ours(entry: ModelConfig) -> Work:
    model = model_type_class(entry.model_type).load(entry, WeightStore().holder())
    request = REQUESTS[entry.model_type]()

    def work() -> float:
        (answer,) = answers(model, [request])
        if isinstance(answer, Exception):
            raise answer
        is_spoken = isinstance(answer, AudioOutput) and not hasattr(request, "audio")
        heard: Audio = answer.audio if is_spoken else request.audio
        return heard.duration_s

    return work


# The originals, each as its own documentation calls it ------------------------------------------


def _silero(_: ModelConfig) -> Work:
    import silero_vad
    import torch

    model, speech = silero_vad.load_silero_vad(), resample(recording(), 16_000)
    samples = torch.from_numpy(speech.samples)

    def work() -> float:
        silero_vad.get_speech_timestamps(samples, model)
        return speech.duration_s

    return work


def _faster_whisper(entry: ModelConfig) -> Work:
    from faster_whisper import WhisperModel

    path = str(resolve(entry.model))
    model = WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=THREADS)
    speech = resample(recording(), 16_000)

    def work() -> float:
        segments, _ = model.transcribe(speech.samples, language="en", vad_filter=True)
        list(segments)
        return speech.duration_s

    return work


def _piper(entry: ModelConfig) -> Work:
    from piper import PiperVoice

    voice = PiperVoice.load(str(resolve(entry.model)))
    return lambda: sum(
        len(chunk.audio_float_array) / chunk.sample_rate
        for chunk in voice.synthesize(material.SENTENCE)
    )


def _kokoro(entry: ModelConfig) -> Work:
    from kokoro_onnx import Kokoro

    folder = resolve(entry.model)
    styles = {
        path.stem: np.fromfile(path, np.float32).reshape(-1, 1, 256)
        for path in folder.glob("voices/af_heart.bin")
    }
    with tempfile.TemporaryDirectory() as made:
        voices = Path(made, "voices.npz")
        np.savez(voices, **styles)
        model = Kokoro(str(next(folder.glob("kokoro*.onnx"))), str(voices))

    def work() -> float:
        samples, rate = model.create(material.SENTENCE, voice="af_heart", lang="en-us")
        return len(samples) / rate

    return work


def _resemblyzer(_: ModelConfig) -> Work:
    from resemblyzer import VoiceEncoder, preprocess_wav

    speech, encoder = recording(), VoiceEncoder("cpu", verbose=False)

    def work() -> float:
        encoder.embed_utterance(preprocess_wav(speech.samples, source_sr=speech.sample_rate))
        return speech.duration_s

    return work


def _deepfilter(entry: ModelConfig) -> Work:
    """Its authors' C library, frame by frame."""
    archive = resolve(entry.model)
    library = ctypes.CDLL(str(archive.parents[1] / "_native" / "libdeepfilter.so"))
    library.df_create.restype = ctypes.c_void_p
    library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    library.df_process_frame.argtypes = [ctypes.c_void_p] * 3
    library.df_free.argtypes = [ctypes.c_void_p]
    speech = resample(recording(), 48_000)
    made = np.zeros(_HOP, np.float32)

    def work() -> float:
        state = library.df_create(str(archive).encode(), 100.0, None)
        for at in range(0, len(speech.samples) - _HOP, _HOP):
            frame = speech.samples[at : at + _HOP].copy()
            library.df_process_frame(state, frame.ctypes.data, made.ctypes.data)
        library.df_free(state)
        return speech.duration_s

    return work


def _openvoice(entry: ModelConfig) -> Work:
    """Its network alone, without watermark, on the spectrogram of its own code."""
    import torch
    from openvoice_cli.api import OpenVoiceBaseClass
    from openvoice_cli.mel_processing import spectrogram_torch

    folder = resolve(entry.model)
    config, checkpoint = (next(folder.rglob(name)) for name in ("config.json", "checkpoint.pth"))
    converter = OpenVoiceBaseClass(str(config), device="cpu")
    converter.load_ckpt(str(checkpoint))
    speech = recording()
    samples = torch.from_numpy(speech.samples)[None]
    target, data = torch.full((1, 256, 1), 256**-0.5), converter.hps.data

    @torch.no_grad()
    def work() -> float:
        sizes = (data.filter_length, data.sampling_rate, data.hop_length, data.win_length)
        spectrum = spectrogram_torch(samples, *sizes, center=False)
        own = converter.model.ref_enc(spectrum.transpose(1, 2)).unsqueeze(-1)
        lengths = torch.LongTensor([spectrum.size(-1)])
        converter.model.voice_conversion(spectrum, lengths, sid_src=own, sid_tgt=target, tau=0.3)
        return speech.duration_s

    return work


def _voicefixer(entry: ModelConfig) -> Work:
    """Its vocoder. The package fetches both files when it is imported, unless they lie where it
    would put them below the home directory."""
    import torch

    folder = resolve(entry.model)
    with tempfile.TemporaryDirectory() as home:
        for file, place in (
            ("vf.ckpt", "analysis_module/checkpoints"),
            ("model.ckpt-1490000_trimed.pt", "synthesis_module/44100"),
        ):
            there = Path(home, ".cache/voicefixer", place)
            there.mkdir(parents=True)
            (there / file).symlink_to(folder / file)
        os.environ["HOME"] = home
        from voicefixer.vocoder.base import Vocoder

        vocoder = Vocoder(sample_rate=44_100)
    mel = torch.from_numpy(np.ascontiguousarray(REQUESTS[entry.model_type]().mel.T))[None, None]

    @torch.no_grad()
    def work() -> float:
        samples = vocoder(mel)
        return float(samples.shape[-1]) / 44_100

    return work


_ORIGINALS: Mapping[str, Callable[[ModelConfig], Work]] = {
    "SileroVAD": _silero,
    "FasterWhisper": _faster_whisper,
    "PiperSynthesizer": _piper,
    "KokoroSynthesizer": _kokoro,
    "HarmonySpeechEncoder": _resemblyzer,
    "DeepFilterNet": _deepfilter,
    "OpenVoiceV2ToneConverter": _openvoice,
    "VoiceFixerVocoder": _voicefixer,
}

if __name__ == "__main__":
    main()
