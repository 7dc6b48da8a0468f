// Goes on training what velveteen saved, and saves what it trained itself, for test_optimizers.py:
//   node node_optimizers.js REQUEST.json ANSWER.json
// The request is {saved: [folder, …], optimizers: [[name, arguments], …], x, y, folder}; the answer {weights: the first
// ones' after two more steps, own: for each optimizer [folder, weights after two more steps]}.
const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');

const {saved, optimizers, x, y, folder} = JSON.parse(fs.readFileSync(process.argv[2]));

async function load(from) {
  const {modelTopology, weightsManifest, trainingConfig} = JSON.parse(fs.readFileSync(path.join(from, 'model.json')));
  const bytes = Buffer.concat(weightsManifest[0].paths.map((name) => fs.readFileSync(path.join(from, name))));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return tf.loadLayersModel(tf.io.fromMemory({modelTopology, weightSpecs: weightsManifest[0].weights, weightData, trainingConfig}));
}

async function save(model, to) {
  fs.mkdirSync(to, {recursive: true});
  const handler = tf.io.withSaveHandler(async ({modelTopology, weightSpecs, weightData, trainingConfig}) => {
    fs.writeFileSync(path.join(to, 'weights.bin'), Buffer.from(weightData));
    const weightsManifest = [{paths: ['weights.bin'], weights: weightSpecs}];
    fs.writeFileSync(path.join(to, 'model.json'), JSON.stringify({modelTopology, format: 'layers-model', trainingConfig, weightsManifest}));
    return {modelArtifactsInfo: {}};
  });
  await model.save(handler, {includeOptimizer: true});
}

const train = (model, epochs) => model.fit(tf.tensor2d(x), tf.tensor2d(y), {epochs, batchSize: x.length, shuffle: false, verbose: 0});
const weights = (model) => model.getWeights().map((weight) => Array.from(weight.dataSync()));

(async () => {
  const answer = {weights: [], own: []};
  for (const from of saved) {
    const model = await load(from);
    await train(model, 2);
    answer.weights.push(weights(model));
  }
  for (const [name, values] of optimizers) {
    const model = tf.sequential();
    model.add(tf.layers.dense({units: 4, inputShape: [3], activation: 'tanh'}));
    model.add(tf.layers.dense({units: 2}));
    model.compile({optimizer: tf.train[name](...values), loss: 'meanSquaredError'});
    await train(model, 3);
    const to = path.join(folder, `${name}-${values.length}`);
    await save(model, to);
    await train(model, 2);
    answer.own.push([to, weights(model)]);
  }
  fs.writeFileSync(process.argv[3], JSON.stringify(answer));
})();
