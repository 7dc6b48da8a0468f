// Runs in the audio thread: sends what the microphone gives, as one channel, in blocks.

const BLOCK = 1024;

registerProcessor("tap", class extends AudioWorkletProcessor {
  block = new Float32Array(BLOCK);
  filled = 0;

  process([input]) {
    for (let i = 0; input.length && i < input[0].length; i++) {
      let sum = 0;
      for (const channel of input) sum += channel[i];
      this.block[this.filled++] = sum / input.length;
      if (this.filled === BLOCK) {
        this.port.postMessage(this.block);
        this.filled = 0;
      }
    }
    return true;
  }
});
