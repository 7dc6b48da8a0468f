// node node_predict.js REQUEST ANSWER: predicts with each model folder of the request.

const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs");
const { predict } = require("./predict.js");

function fromFolder(folder) {
  const { weightsManifest, ...artifacts } = JSON.parse(fs.readFileSync(path.join(folder, "model.json"), "utf8"));
  artifacts.weightSpecs = weightsManifest.flatMap((group) => group.weights);
  artifacts.weightData = weightsManifest
    .flatMap((group) => group.paths)
    .map((name) => new Uint8Array(fs.readFileSync(path.join(folder, name))).buffer);
  return tf.io.fromMemory(artifacts);
}

async function main([requestPath, answerPath]) {
  await tf.setBackend("cpu");
  const answers = {};
  for (const [name, { folder, inputs }] of Object.entries(JSON.parse(fs.readFileSync(requestPath, "utf8")))) {
    try {
      answers[name] = await predict(tf, fromFolder(folder), inputs);
    } catch (error) {
      answers[name] = { error: String(error.stack) };
    }
  }
  fs.writeFileSync(answerPath, JSON.stringify(answers));
}

main(process.argv.slice(2));
