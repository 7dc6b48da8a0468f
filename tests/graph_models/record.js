// Runs the graphs of a JSON file in TensorFlow.js and writes what they answer.
// node record.js requests.json answers.json
const fs = require('fs');
const tf = require('@tensorflow/tfjs');

const plain = (x) =>
  Array.from(x, (v) => (typeof v !== 'number' ? v : Number.isFinite(v) ? Number(v.toPrecision(8)) : String(v)));

async function answer(request) {
  const tensors = Object.entries(request.weights).map(([name, w]) => ({name, tensor: tf.tensor(w.values, w.shape, w.dtype)}));
  const {data, specs} = await tf.io.encodeWeights(tensors);
  const model = await tf.loadGraphModel({
    load: async () => ({...request.model, format: 'graph-model', weightSpecs: specs, weightData: data}),
  });
  const inputs = {};
  for (const [name, x] of Object.entries(request.inputs)) inputs[name] = tf.tensor(x.values, x.shape, x.dtype);
  const result = await model.executeAsync(inputs, request.outputs);
  const answers = [];
  for (const x of [].concat(result)) answers.push({shape: x.shape, dtype: x.dtype, values: plain(await x.data())});
  return answers;
}

(async () => {
  await tf.setBackend('cpu');
  console.warn = () => {};
  const answers = [];
  for (const request of JSON.parse(fs.readFileSync(process.argv[2]))) {
    try {
      answers.push(await answer(request));
    } catch (error) {
      throw new Error(`${request.name}: ${error.message}`);
    }
  }
  fs.writeFileSync(process.argv[3], JSON.stringify(answers));
})();
