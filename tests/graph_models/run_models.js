// Runs real graph models in TensorFlow.js: node run_models.js request.json answer.json
//
// The request is {folder, backend, repeats, models: [{name, inputs: {name: {shape, dtype}}}]}. Inputs are made by the rule
// that `made_up` in _real_models.py follows too. The answer has, for each model, its outputs and the milliseconds of each run.
const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');

const [asked, answered] = process.argv.slice(2);
const request = JSON.parse(fs.readFileSync(asked));

function load(name) {
  const json = JSON.parse(fs.readFileSync(path.join(request.folder, `${name}.json`)));
  const shards = json.weightsManifest.flatMap((group) => group.paths.map((file) => fs.readFileSync(path.join(request.folder, file))));
  return tf.loadGraphModel({
    load: async () => ({
      ...json,
      weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
      weightData: new Uint8Array(Buffer.concat(shards)).buffer,
    }),
  });
}

function madeUp({shape, dtype}) {
  const size = shape.reduce((product, n) => product * n, 1);
  const numbers = Array.from({length: size}, (_, i) => (Math.imul(i + 1, 2654435761) >>> 8) / 2 ** 24);
  return tf.tensor(dtype === 'int32' ? numbers.map((x) => Math.floor(256 * x)) : numbers, shape, dtype);
}

async function measure({name, inputs}) {
  const model = await load(name);
  const feeds = Object.fromEntries(Object.entries(inputs).map(([key, info]) => [key, madeUp(info)]));
  let run = () => model.execute(feeds, model.outputNodes);
  let result;
  try {
    result = run();
  } catch (error) {
    run = () => model.executeAsync(feeds, model.outputNodes);
    result = await run();
  }
  const times = [];
  for (let i = 0; i < request.repeats; i++) {
    const start = performance.now();
    const again = [].concat(await run());
    for (const tensor of again) await tensor.data();
    times.push(performance.now() - start);
    again.forEach((tensor) => tensor.dispose());
  }
  const outputs = [];
  for (const tensor of [].concat(result)) {
    outputs.push({shape: tensor.shape, dtype: tensor.dtype, values: request.repeats ? [] : Array.from(await tensor.data())});
  }
  model.dispose();
  return {name, outputs, times};
}

(async () => {
  console.warn = () => {};
  wasm.setWasmPaths(path.join(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist', path.sep));
  await tf.setBackend(request.backend);
  await tf.ready();
  const answer = [];
  for (const model of request.models) answer.push(await measure(model));
  fs.writeFileSync(answered, JSON.stringify(answer));
})();
