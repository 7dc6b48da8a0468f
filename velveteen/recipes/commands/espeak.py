"""espeak-ng, the speech synthesizer, through its C interface; the package espeakng-loader brings library and voices.

Source of the interface: espeak-ng's `speak_lib.h`, version 1.52.
"""

import ctypes
import importlib.util
import threading
from functools import cache
from pathlib import Path

import numpy as np

from velveteen.errors import ArgumentError, StateError, did_you_mean

_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_UTF8, _PHONEMES = 0x1, 0x100
_BY_CHARACTER = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_OTHER_SCRIPTS = ("-shaw", "-latn", "-latn-pinyin", "-latn-jyutping", "-x-west")
"""Endings of voices that read the language in another script than it is usually written in."""
_MISSING = 'Making speech needs espeak-ng. Run: pip install "velveteen[commands]"'


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_char)),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """The synthesizer; a process has one, from `open_espeak`.

    Attributes:
        sample_rate: of what it says, samples a second.
    """

    def __init__(self, library: Path, voices: Path):
        self._lock = threading.Lock()
        self._parts: list[np.ndarray] = []
        self._variants = sorted(path.name for path in (voices / "voices" / "!v").iterdir())
        self._library = ctypes.CDLL(str(library))
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_Synth.argtypes = (
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        )
        self.sample_rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, str(voices).encode(), _DO_NOT_EXIT)
        if self.sample_rate <= 0:
            raise StateError(f"espeak-ng finds no voices in {voices}. Install espeakng-loader anew.")
        self._callback = _Callback(self._take)  # kept here, or Python would free what the library calls
        self._library.espeak_SetSynthCallback(self._callback)
        self._files = self._list_voices()

    @property
    def languages(self) -> list[str]:
        """The languages that it speaks, with their accents, such as "de", "en-gb" and "en-us"."""
        return list(self._files)

    @property
    def variants(self) -> list[str]:
        """Names of what a voice can be altered with, such as "f2" or "klatt3"."""
        return self._variants

    def _list_voices(self) -> dict[str, str]:
        """Returns the files of the voices by language."""
        listed = self._library.espeak_ListVoices(None)
        found = {}
        for number in range(10_000):
            if not listed[number]:
                break
            voice = listed[number].contents
            # The first byte is the priority of the language, its name follows, ended by 0.
            language = ctypes.string_at(ctypes.addressof(voice.languages.contents) + 1).decode()
            found[language] = voice.identifier.decode()
        return dict(sorted(found.items()))

    def accents(self, language: str) -> list[str]:
        """Returns the voices of a language: itself if it has one, and those of its regions.

        Raises:
            ArgumentError: espeak-ng does not speak it.
        """
        known, wanted = self.languages, language.lower()
        found = [
            name
            for name in known
            if name == wanted or (name.startswith(f"{wanted}-") and not name.endswith(_OTHER_SCRIPTS))
        ]
        if not found:
            raise ArgumentError(
                f'espeak-ng speaks no "{language}".{did_you_mean(wanted, known)} It knows {", ".join(known)}.'
            )
        return found

    def say(
        self,
        text: str,
        voice: str = "en-us",
        *,
        rate: int = 175,
        pitch: int = 50,
        pitch_range: int = 50,
        volume: int = 100,
        phonemes: bool = False,
    ) -> np.ndarray:
        """Returns speech as float32 [samples], -1 to 1.

        Args:
            text: what to say.
            voice: a language of `languages`, and after a plus a variant: "en-us+f2".
            rate: words a minute, 80 to 450.
            pitch, pitch_range: 0 to 99.
            volume: 0 to 200.
            phonemes: whether `text` is what `phonemes` returned.

        Raises:
            ArgumentError: no such voice.
        """
        with self._lock:
            self._choose(voice)
            for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, pitch_range), (_VOLUME, volume)):
                self._library.espeak_SetParameter(parameter, value, 0)
            content = f"[[{text}]]" if phonemes else text
            encoded = content.encode()
            self._parts = []
            flags = _UTF8 | (_PHONEMES if phonemes else 0)
            self._library.espeak_Synth(encoded, len(encoded) + 1, 0, _BY_CHARACTER, 0, flags, None, None)
            self._library.espeak_Synchronize()
            parts, self._parts = self._parts, []
        spoken = np.concatenate(parts) if parts else np.zeros(0, np.int16)
        return spoken.astype(np.float32) / np.float32(32768)

    def phonemes(self, text: str, voice: str) -> str:
        """Returns how a voice pronounces a text, in espeak-ng's own letters."""
        with self._lock:
            self._choose(voice)
            content = ctypes.c_char_p(text.encode())
            found = self._library.espeak_TextToPhonemes(ctypes.byref(content), _UTF8, 0)
        return (found or b"").decode()

    def _choose(self, voice: str) -> None:
        language, plus, variant = voice.partition("+")
        name = self._files.get(language, language) + plus + variant
        if self._library.espeak_SetVoiceByName(name.encode()) != 0:
            raise ArgumentError(f'espeak-ng has no voice "{voice}".')

    def _take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: int | None) -> int:
        if samples and count > 0:
            self._parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0


@cache
def open_espeak() -> Espeak:
    """Returns the process's synthesizer.

    Raises:
        StateError: it is not installed, or cannot be loaded here.
    """
    if importlib.util.find_spec("espeakng_loader") is None:
        raise StateError(_MISSING)
    import espeakng_loader

    try:
        return Espeak(Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path()))
    except (OSError, RuntimeError) as error:
        raise StateError(f"{_MISSING} What is installed cannot be loaded: {error}") from error
