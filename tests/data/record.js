// Records what TensorFlow.js's datasets answer to cases.json, for test_recorded.py.
//
//   npm install @tensorflow/tfjs@4.22.0 && node tests/data/record.js > tests/data/recorded.json
const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');

console.warn = () => {};
const cases = JSON.parse(fs.readFileSync(path.join(__dirname, 'cases.json'), 'utf8'));
const numbers = (count) => Array.from({length: count}, (_, i) => i + 1);

// JSON has no undefined, NaN and infinity.
function shown(value) {
  if (value instanceof tf.Tensor) {
    return {tensor: value.dtype, shape: value.shape, values: Array.from(value.dataSync(), (v) => (value.dtype === 'bool' ? Boolean(v) : v))};
  }
  if (value == null) return null;
  if (typeof value === 'number' && !Number.isFinite(value)) return {number: String(value)};
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shown(part)]));
  return value;
}

async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    return {error: error.message};
  }
}

async function csv({text, config = {}}) {
  return attempt(async () => {
    const dataset = new tf.data.CSVDataset(new tf.data.FileDataSource(new Uint8Array(Buffer.from(text)), {chunkSize: 7}), config);
    return {names: await dataset.columnNames(), rows: shown(await dataset.toArray())};
  });
}

async function shuffle({count, buffer, seed}) {
  const dataset = tf.data.array(numbers(count)).shuffle(buffer, seed);
  return [await dataset.toArray(), await dataset.toArray()];
}

async function batch({items, size, small_last = true}) {
  const dataset = tf.data.array(items).batch(size, small_last);
  return {size: dataset.size, elements: shown(await dataset.toArray())};
}

const steps = {
  even: (dataset) => dataset.filter((x) => x % 2 === 0),
  square: (dataset) => dataset.map((x) => x * x),
  square_async: (dataset) => dataset.mapAsync(async (x) => x * x),
  concatenate: (dataset, count) => dataset.concatenate(tf.data.array(numbers(count))),
  zip: (dataset, count) => tf.data.zip({a: dataset, b: tf.data.array(numbers(count))}),
};

async function pipeline(described) {
  let dataset = tf.data.array(numbers(described.items));
  for (const [name, ...args] of described.steps) {
    dataset = steps[name] ? steps[name](dataset, ...args) : dataset[name](...args);
  }
  return {size: shown(Number.isNaN(dataset.size) ? null : dataset.size), elements: await dataset.toArray()};
}

async function train({epochs, batch, batches_per_epoch, repeat, validation, validation_batches, class_weight, initial_epoch}) {
  const model = tf.sequential({layers: [tf.layers.dense({units: 3, activation: 'softmax', inputShape: [2]})]});
  model.setWeights([tf.tensor2d([[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]]), tf.tensor1d([0, 0.1, -0.1])]);
  model.compile({optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy', metrics: ['accuracy']});
  const rows = numbers(7).map((i) => ({xs: [i / 7, (i * i) % 5], ys: [i % 3 === 0, i % 3 === 1, i % 3 === 2].map(Number)}));
  const held = numbers(5).map((i) => ({xs: [i % 2, i / 5], ys: [i % 3 === 1, i % 3 === 0, i % 3 === 2].map(Number)}));
  const examples = tf.data.array(rows).batch(batch);
  const dataset = repeat ? examples.repeat() : examples;
  const options = {epochs, verbose: 0, batchesPerEpoch: batches_per_epoch, initialEpoch: initial_epoch, classWeight: class_weight, validationBatches: validation_batches};
  if (validation === 'dataset') options.validationData = tf.data.array(held).batch(2);
  if (validation === 'arrays') options.validationData = [tf.tensor2d(held.map((row) => row.xs)), tf.tensor2d(held.map((row) => row.ys))];
  const history = await model.fitDataset(dataset, options);
  const measured = (await model.evaluateDataset(examples, {batches: 2})).map((scalar) => scalar.dataSync()[0]);
  return {epoch: history.epoch, history: history.history, evaluated: measured, weights: model.getWeights().map(shown)};
}

(async () => {
  const kinds = {csv, shuffles: shuffle, batches: batch, pipelines: pipeline, training: train};
  const recorded = {};
  for (const [kind, run] of Object.entries(kinds)) {
    recorded[kind] = [];
    for (const described of cases[kind]) recorded[kind].push(await run(described));
  }
  const lists = Object.entries(recorded).map(([kind, list]) => ` "${kind}": [\n${list.map((found) => '  ' + JSON.stringify(found)).join(',\n')}\n ]`);
  process.stdout.write(`{\n${lists.join(',\n')}\n}\n`);
})();
