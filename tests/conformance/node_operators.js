// Answers operator calls with TensorFlow.js, for test_random_against_tensorflowjs.py:
//   node node_operators.js CASES.json ANSWERS.json
// A case is {op, args, grad_of}; its answer {out, grads} (the gradients of the sum of squares, null where TensorFlow.js
// has none), or {error}.
const fs = require('fs');
const tf = require('@tensorflow/tfjs');

const NUMBERS = {NaN, Infinity, '-Infinity': -Infinity};

function read(value) {
  if (Array.isArray(value)) return value.map(read);
  if (value === null || typeof value !== 'object') return value in NUMBERS ? NUMBERS[value] : value;
  if (!value.$t) return value;
  if (value.dtype === 'complex64') {
    return tf.complex(tf.tensor(value.data.real, value.shape), tf.tensor(value.data.imag, value.shape));
  }
  return tf.tensor(value.dtype === 'string' ? value.data : value.data.map(read), value.shape, value.dtype);
}

const number = (x) => (Number.isFinite(x) ? x : String(x));

function write(value) {
  if (value instanceof tf.Tensor) {
    const base = {$t: 1, dtype: value.dtype, shape: value.shape};
    if (value.dtype === 'complex64') {
      return {...base, data: {real: write(tf.real(value)).data, imag: write(tf.imag(value)).data}};
    }
    return {...base, data: Array.from(value.dataSync(), value.dtype === 'string' ? (x) => x : number)};
  }
  if (Array.isArray(value)) return value.map(write);
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, write(v)]));
  return typeof value === 'number' ? number(value) : value;
}

function differentiate(call, args, places) {
  const squares = (...values) => {
    const replaced = args.slice();
    places.forEach((place, i) => (replaced[place] = values[i]));
    return call(...replaced).square().sum();
  };
  try {
    return tf.grads(squares)(places.map((place) => args[place])).map(write);
  } catch (error) {
    return null;
  }
}

// Those of `fused` take one object; null stands for what is left out.
const MORE = ['bias', 'activation', 'preluActivationWeights', 'leakyreluAlpha'];
const CONVOLUTION = ['x', 'filter', 'strides', 'pad', 'dataFormat', 'dilations', 'dimRoundingMode', ...MORE];
const FUSED = {
  conv2d: CONVOLUTION,
  depthwiseConv2d: CONVOLUTION,
  matMul: ['a', 'b', 'transposeA', 'transposeB', ...MORE],
};

function named(keys, values) {
  return Object.fromEntries(keys.map((key, i) => [key, values[i]]).filter(([, value]) => value != null));
}

async function answer({op, args, grad_of: places}) {
  const [space, name] = op.includes('.') ? op.split('.') : [null, op];
  const owner = space ? tf[space] : tf;
  const call = (...values) => (space === 'fused' ? owner[name](named(FUSED[name], values)) : owner[name](...values));
  const given = read(args);
  try {
    const out = write(await call(...given));
    const float = out && out.dtype === 'float32';
    return {out, grads: float && places && places.length ? differentiate(call, given, places) : null};
  } catch (error) {
    return {error: String(error.message)};
  }
}

(async () => {
  const cases = JSON.parse(fs.readFileSync(process.argv[2]));
  const answers = [];
  for (const each of cases) answers.push(await answer(each));
  fs.writeFileSync(process.argv[3], JSON.stringify(answers));
})();
