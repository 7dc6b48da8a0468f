// Sound from the microphone in blocks, through an AudioWorklet.

export interface Microphone {
  sampleRate: number;
  stop(): void;
}

/** Opens the microphone; as it gives sound, since what makes calls pleasant would make words unlike those that were learned. */
export async function open(hear: (block: Float32Array) => void): Promise<Microphone> {
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio }).catch(() => {
    throw new Error("There is no microphone, or this page may not use it. Allow it beside the address.");
  });
  const context = new AudioContext();
  await context.audioWorklet.addModule("/tap.js");
  const node = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0 });
  context.createMediaStreamSource(stream).connect(node);
  node.port.onmessage = (event: MessageEvent<Float32Array>) => hear(event.data);
  return {
    sampleRate: context.sampleRate,
    stop() {
      for (const track of stream.getTracks()) track.stop();
      void context.close();
    },
  };
}

/** Returns a wav file of 16 bits with the samples, from -1 to 1. */
export function toWav(samples: Float32Array, sampleRate: number): Blob {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (place: number, letters: string) => [...letters].forEach((letter, i) => view.setUint8(place + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // whole numbers
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, i) => view.setInt16(44 + 2 * i, Math.round(32767 * Math.max(-1, Math.min(1, sample))), true));
  return new Blob([view], { type: "audio/wav" });
}
