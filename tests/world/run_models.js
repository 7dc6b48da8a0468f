// Runs models from npm in TensorFlow.js: node run_models.js request.json answer.json
//
// The request is a list of {file, kind, backend, keep, feeds: [[{shape, dtype, values?}]]}; numbers that are not given are made by
// the rule of `made_up` in ../graph_models/_real_models.py. The answer has, for each model, its outputs (or the error) and,
// for layers, the classes of its layers.
const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');

const [asked, answered] = process.argv.slice(2);

// Upscalers of @upscalerjs have these layers, which their programs register like this.
class MultiplyBeta extends tf.layers.Layer {
  call(inputs) {
    return tf.mul([].concat(inputs)[0], 0.2);
  }
}
MultiplyBeta.className = 'MultiplyBeta';
tf.serialization.registerClass(MultiplyBeta);

function registerPixelShuffle(className, scale) {
  class PixelShuffle extends tf.layers.Layer {
    computeOutputShape(shape) {
      return [shape[0], shape[1], shape[2], 3];
    }
    call(inputs) {
      return tf.depthToSpace([].concat(inputs)[0], scale);
    }
  }
  PixelShuffle.className = className;
  tf.serialization.registerClass(PixelShuffle);
}
for (const scale of [2, 3, 4, 8]) registerPixelShuffle(`PixelShuffle${scale}x`, scale);
registerPixelShuffle('PixelShuffle', 4);

// The WebAssembly backend has no Einsum, and the cpu backend takes minutes; these are those that the models have.
const products = {
  'abcg,gf->abcf': (x, y) => tf.matMul(x.reshape([-1, x.shape[3]]), y).reshape([...x.shape.slice(0, 3), -1]),
  'abgd,gf->abdf': (x, y) => products['abcg,gf->abcf'](x.transpose([0, 1, 3, 2]), y),
  'gb,cgef->bcef': (x, y) => {
    const [c, g, e, f] = y.shape;
    return tf.matMul(x.transpose(), y.transpose([1, 0, 2, 3]).reshape([g, -1])).reshape([-1, c, e, f]);
  },
};
tf.registerOp('Einsum', (node) => products[node.attrs.equation](...node.inputs));

function handler(file) {
  const json = JSON.parse(fs.readFileSync(file));
  const folder = path.dirname(file);
  const shards = (json.weightsManifest || []).flatMap((group) => group.paths.map((name) => fs.readFileSync(path.join(folder, name))));
  return {
    load: async () => ({
      ...json,
      weightSpecs: (json.weightsManifest || []).flatMap((group) => group.weights),
      weightData: new Uint8Array(Buffer.concat(shards)).buffer,
    }),
  };
}

function madeUp({shape, dtype, values}) {
  if (values) return tf.tensor(values, shape, dtype);
  const size = shape.reduce((product, n) => product * n, 1);
  const numbers = Array.from({length: size}, (_, i) => (Math.imul(i + 1, 2654435761) >>> 8) / 2 ** 24);
  return tf.tensor(dtype === 'int32' ? numbers.map((x) => Math.floor(256 * x)) : numbers, shape, dtype);
}

async function run({file, kind, backend, keep, feeds}) {
  await tf.setBackend(backend);
  tf.env().set('KEEP_INTERMEDIATE_TENSORS', keep);
  const isGraph = kind === 'graph';
  const model = await (isGraph ? tf.loadGraphModel(handler(file)) : tf.loadLayersModel(handler(file)));
  const outputs = [];
  for (const feed of feeds) {
    const tensors = feed.map(madeUp);
    const inputs = tensors.length === 1 ? tensors[0] : tensors;
    const results = [].concat(isGraph ? await model.executeAsync(inputs, model.outputNodes) : model.predict(inputs));
    outputs.push(results.map((result) => ({shape: result.shape, dtype: result.dtype, values: Array.from(result.dataSync())})));
    tf.dispose([tensors, results]);
  }
  const classes = isGraph ? [] : model.layers.map((layer) => layer.getClassName());
  model.dispose();
  return {outputs, classes};
}

(async () => {
  console.warn = () => {};
  wasm.setWasmPaths(path.join(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist', path.sep));
  const answer = [];
  for (const model of JSON.parse(fs.readFileSync(asked))) {
    answer.push(await run(model).catch((error) => ({error: String(error.stack || error)})));
  }
  fs.writeFileSync(answered, JSON.stringify(answer));
})();
