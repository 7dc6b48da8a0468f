// Reads weights without a model in TensorFlow.js: node read_weights.js request.json answer.json
//
// The request is a list of manifests' paths. The answer has, for each, {name: [shape, sum of the values]}.
const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');

const [asked, answered] = process.argv.slice(2);
const answer = JSON.parse(fs.readFileSync(asked)).map((file) => {
  const manifest = JSON.parse(fs.readFileSync(file));
  const shards = manifest.flatMap((group) => group.paths.map((name) => fs.readFileSync(path.join(path.dirname(file), name))));
  const specs = manifest.flatMap((group) => group.weights);
  const tensors = tf.io.decodeWeights(new Uint8Array(Buffer.concat(shards)).buffer, specs);
  const sums = Object.entries(tensors).map(([name, tensor]) => [
    name,
    [tensor.shape, tensor.dataSync().reduce((sum, value) => sum + value, 0)],
  ]);
  return Object.fromEntries(sums);
});
fs.writeFileSync(answered, JSON.stringify(answer));
