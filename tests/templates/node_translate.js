// node node_translate.js REQUEST ANSWER: writes greedily with an encoder and a decoder, one symbol after the other.

const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs");

async function load(folder) {
  const { weightsManifest, ...artifacts } = JSON.parse(fs.readFileSync(path.join(folder, "model.json"), "utf8"));
  artifacts.weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const parts = weightsManifest.flatMap((group) => group.paths).map((name) => fs.readFileSync(path.join(folder, name)));
  artifacts.weightData = new Uint8Array(Buffer.concat(parts)).buffer;
  return { model: await tf.loadLayersModel(tf.io.fromMemory(artifacts)), metadata: artifacts.userDefinedMetadata };
}

async function main([requestPath, answerPath]) {
  await tf.setBackend("cpu");
  const { folder, texts, longest } = JSON.parse(fs.readFileSync(requestPath, "utf8"));
  const { model: encoder, metadata } = await load(path.join(folder, "encoder"));
  const { model: decoder } = await load(path.join(folder, "decoder"));
  const END = 1;
  const width = Math.max(...texts.map((text) => text.length)) + 1;
  const answers = texts.map((text) => {
    const numbers = [...text].map((symbol) => metadata.source.indexOf(symbol));
    const row = [...numbers, END, ...Array(width - text.length - 1).fill(0)]; // filled up, so that masks count
    let [memory, mask, h, c] = encoder.predict(tf.tensor2d([row]));
    let last = END;
    let written = "";
    const probabilities = [];
    const attention = [];
    while (probabilities.length < longest) {
      const [chances, looked, ...after] = decoder.predict([tf.tensor2d([[last]]), memory, mask, h, c]);
      [h, c] = after;
      probabilities.push(Array.from(chances.dataSync()));
      attention.push(Array.from(looked.dataSync()));
      last = chances.argMax(-1).dataSync()[0];
      if (last === END) break;
      written += metadata.target[last];
    }
    return { written, probabilities, attention };
  });
  fs.writeFileSync(answerPath, JSON.stringify(answers));
}

main(process.argv.slice(2));
