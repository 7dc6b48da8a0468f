// node node_write.js REQUEST ANSWER: writes greedily with a writer's folder, the state carried from character to character.

const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs");

async function load(folder) {
  const { weightsManifest, ...artifacts } = JSON.parse(fs.readFileSync(path.join(folder, "model.json"), "utf8"));
  artifacts.weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const parts = weightsManifest.flatMap((group) => group.paths).map((name) => fs.readFileSync(path.join(folder, name)));
  artifacts.weightData = new Uint8Array(Buffer.concat(parts)).buffer;
  const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  return { model, metadata: artifacts.userDefinedMetadata };
}

async function main([requestPath, answerPath]) {
  await tf.setBackend("cpu");
  const { folder, prompt, length } = JSON.parse(fs.readFileSync(requestPath, "utf8"));
  const { model, metadata } = await load(folder);
  const { alphabet, rare, input } = metadata;
  let states = model.inputs.slice(1).map((state) => tf.zeros([1, state.shape[1]]));
  let probabilities;
  function read(number) {
    const text = input === "one-hot" ? tf.oneHot([[number]], alphabet.length).toFloat() : tf.tensor2d([[number]]);
    const [output, ...after] = model.predict([text, ...states]);
    probabilities = output.dataSync();
    states = after;
  }
  for (const symbol of prompt) read(alphabet.includes(symbol) ? alphabet.indexOf(symbol) : rare);
  const first = Array.from(probabilities);
  let written = "";
  while (written.length < length) {
    probabilities[rare] = 0;
    const number = probabilities.indexOf(Math.max(...probabilities));
    written += alphabet[number];
    read(number);
  }
  fs.writeFileSync(answerPath, JSON.stringify({ first, last: Array.from(probabilities), written }));
}

main(process.argv.slice(2));
