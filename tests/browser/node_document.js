// node node_document.js REQUEST ANSWER: runs JavaScript of a document, with file:// as @tensorflow/tfjs-node has it.

const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs");

function handler(url) {
  if (typeof url !== "string" || !url.startsWith("file://")) return null;
  const place = url.slice("file://".length);
  return {
    async save({ weightSpecs, weightData, ...artifacts }) {
      fs.mkdirSync(place, { recursive: true });
      artifacts.weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
      fs.writeFileSync(path.join(place, "model.json"), JSON.stringify(artifacts));
      fs.writeFileSync(path.join(place, "weights.bin"), Buffer.from(weightData));
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    },
    async load() {
      const artifacts = JSON.parse(fs.readFileSync(place, "utf8"));
      const files = artifacts.weightsManifest.flatMap((group) => group.paths);
      const bytes = Buffer.concat(files.map((file) => fs.readFileSync(path.join(path.dirname(place), file))));
      return {
        ...artifacts,
        weightSpecs: artifacts.weightsManifest.flatMap((group) => group.weights),
        weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      };
    },
  };
}

async function main([requestPath, answerPath]) {
  const { code, folder } = JSON.parse(fs.readFileSync(requestPath, "utf8"));
  await tf.setBackend("cpu");
  tf.io.registerSaveRouter(handler);
  tf.io.registerLoadRouter(handler);
  process.chdir(folder);
  const lines = [];
  const write = (...words) => lines.push(words.join(" "));
  console.log = write; // also what print() and summary() use
  const AsyncFunction = Object.getPrototypeOf(main).constructor;
  await new AsyncFunction("tf", code.replace(/^import .*$/gm, ""))(tf);
  fs.writeFileSync(answerPath, JSON.stringify(lines));
}

main(process.argv.slice(2));
