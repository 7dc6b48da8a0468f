// Records what TensorFlow.js answers to many operator calls, for test_recorded.py:
//   node tests/ops/record.js > tests/ops/recorded.json      (with @tensorflow/tfjs installed, or NODE_PATH set)
const tf = require('@tensorflow/tfjs');

let state = 12345;
const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
const size = shape => shape.reduce((a, b) => a * b, 1);
const some = (shape, f) => Array.from({length: size(shape)}, f);
const F = (...shape) => tf.tensor(some(shape, () => random() * 4 - 2), shape);
const P = (...shape) => tf.tensor(some(shape, () => random() * 2 + 0.1), shape);
const U = (...shape) => tf.tensor(some(shape, () => random() * 1.8 - 0.9), shape);
const I = (...shape) => tf.tensor(some(shape, () => Math.floor(random() * 11) - 5), shape, 'int32');
const N = (n, ...shape) => tf.tensor(some(shape, () => Math.floor(random() * n)), shape, 'int32');
const B = (...shape) => tf.tensor(some(shape, () => random() < 0.5), shape, 'bool');
const C = (...shape) => tf.complex(F(...shape), F(...shape));
const f = (...values) => tf.tensor1d(values);
const i = (...values) => tf.tensor1d(values, 'int32');
const b = (...values) => tf.tensor1d(values, 'bool');

const number = x => Number.isFinite(x) ? x : String(x);
function write(value) {
  if (value instanceof tf.Tensor) {
    const base = {$t: 1, dtype: value.dtype, shape: value.shape};
    if (value.dtype === 'complex64') {
      return {...base, data: {real: write(tf.real(value)).data, imag: write(tf.imag(value)).data}};
    }
    return {...base, data: value.dtype === 'string' ? Array.from(value.dataSync()) : Array.from(value.dataSync(), number)};
  }
  if (Array.isArray(value)) return value.map(write);
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, write(v)]));
  return typeof value === 'number' ? number(value) : value;
}

const cases = [];
async function record(op, args, places) {
  const call = tf[op];
  const entry = {op, args: write(args)};
  try {
    entry.out = write(await call(...args));
  } catch (error) {
    console.error(`no answer of ${op} for ${args}: ${error.message.slice(0, 150)}`);
    return;
  }
  if (places) {
    const g = tf.grads((...xs) => {
      const all = args.slice();
      places.forEach((place, at) => all[place] = xs[at]);
      return tf.sum(tf.square(call(...all)));
    });
    try {
      entry.grads_of_sum_of_squares = write(g(places.map(place => args[place])));
      entry.grad_of = places;
    } catch (error) {
      // Some gradients of TensorFlow.js do not broadcast.
      console.error(`no gradient of ${op} for ${args.map(arg => arg.shape)}: ${error.message.slice(0, 100)}`);
    }
  }
  cases.push(entry);
}

const odd = () => f(NaN, -2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, Infinity, -Infinity);

(async () => {
  // Element-wise
  for (const op of ['abs', 'asinh', 'atan', 'ceil', 'cos', 'cosh', 'elu', 'erf', 'exp', 'expm1', 'floor', 'leakyRelu',
                    'logSigmoid', 'neg', 'relu', 'relu6', 'round', 'selu', 'sigmoid', 'sign', 'sin', 'sinh', 'softplus',
                    'square', 'step', 'tan', 'tanh', 'isFinite', 'isInf', 'isNaN', 'reciprocal']) {
    const differentiable = !['isFinite', 'isInf', 'isNaN'].includes(op);
    await record(op, [F(3, 4)], differentiable ? [0] : null);
    if (!['tan', 'cos', 'sin'].includes(op)) await record(op, [odd()]);
    if (differentiable && op !== 'reciprocal') await record(op, [f(0, 6, -1, 7)], [0]);
    await record(op, [F(0, 3)]);
  }
  for (const op of ['acos', 'asin', 'atanh']) await record(op, [U(2, 3)], [0]);
  for (const op of ['log', 'log1p', 'sqrt', 'rsqrt']) await record(op, [P(2, 3)], [0]);
  await record('acosh', [f(1.5, 2, 30)], [0]);
  for (const op of ['abs', 'acos', 'asin', 'asinh', 'atan', 'acosh', 'erf', 'exp', 'expm1', 'isNaN', 'leakyRelu', 'log1p',
                    'neg', 'reciprocal', 'relu', 'relu6', 'round', 'selu', 'sign', 'sinh', 'softplus', 'square', 'step',
                    'logSigmoid']) {
    await record(op, [i(-3, -1, 0, 1, 2, 7)]);
  }
  await record('leakyRelu', [F(5), 0.3], [0]);
  await record('step', [F(5), 0.3]);
  await record('prelu', [F(2, 3), F(3)], [0, 1]);
  await record('prelu', [f(-1, 0, 2), f(0.1, 0.2, 0.3)], [0, 1]);
  await record('clipByValue', [odd(), -1, 0.5]);
  await record('clipByValue', [f(-2, -1, 0, 0.5, 3), -1, 0.5], [0]);
  await record('clipByValue', [i(-3, 0, 3), -1.5, 1.5]);
  await record('clipByValue', [F(3), 1, 1]);
  await record('abs', [C(3)]);
  await record('softmax', [F(2, 3, 4)], [0]);
  await record('softmax', [f(1000, 1001, -1000)]);
  await record('logSoftmax', [F(2, 4)], [0]);
  await record('logSoftmax', [i(1, 2, 3)]);

  // Arithmetic
  for (const op of ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'mod', 'squaredDifference', 'atan2', 'divNoNan']) {
    await record(op, [F(3, 2), F(3, 2)], [0, 1]);
    await record(op, [F(2, 1, 3), F(4, 1)], op === 'maximum' || op === 'minimum' ? null : [0, 1]);
    await record(op, [I(6), i(2, -2, 3, -3, 1, 0)]);
    await record(op, [I(6), F(6)]);
    await record(op, [b(true, true, false), i(1, 2, 3)]);
    await record(op, [F(2, 3), 2]);
    await record(op, [3, F(2, 3)]);
    await record(op, [F(0, 3), F(3)]);
  }
  for (const op of ['maximum', 'minimum']) {
    await record(op, [f(1, 2, NaN, 3), f(1, 3, 1, NaN)]);
    await record(op, [f(1, 2, 0), f(1, 3, -1)], [0, 1]);
    await record(op, [b(true, false), b(false, false)]);
  }
  await record('add', [C(2, 2), C(2, 2)]);
  await record('sub', [C(3), F(3)]);
  await record('mul', [C(2, 2), C(2, 2)]);
  await record('add', [i(2147483647, -2147483648), i(1, -1)]);
  await record('mul', [i(100000, 65536), i(100000, 65536)]);
  await record('sum', [i(2147483647, 1, 1)]);
  await record('div', [f(1, -1, 0), f(0, 0, 0)]);
  await record('divNoNan', [f(1, -1, 0), f(0, 0, 0)]);
  await record('mod', [f(7.5, -7.5, 7.5, -7.5, 1), f(2, 2, -2, -2, 0)]);
  await record('floorDiv', [f(7.5, -7.5, 7.5, -7.5, 1), f(2, 2, -2, -2, 0)]);
  await record('floorDiv', [i(7, -7, 7, -7, 1), i(2, 2, -2, -2, 0)]);
  await record('floorDiv', [F(2, 3), F(3)]);
  await record('pow', [P(2, 3), F(3)], [0, 1]);
  await record('pow', [f(-2, -1, 2, 3), f(3, 2, 0, 1)], [0, 1]);
  await record('pow', [i(2, -1, 2, 0, -3), i(-1, -3, 10, 0, 3)]);
  await record('pow', [F(3), i(2, 3, 0)]);
  await record('addN', [[I(2, 2), I(2, 2), I(2, 2)]]);
  await record('addN', [[F(2), F(2)]]);

  // Logical
  for (const op of ['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual']) {
    await record(op, [N(3, 2, 3), N(3, 3)]);
    await record(op, [f(1, NaN, 2), f(1, NaN, 1)]);
    await record(op, [N(3, 4), F(4)]);
    await record(op, [tf.tensor(['a', 'b', 'c']), tf.tensor(['a', 'c', 'b'])]);
  }
  for (const op of ['logicalAnd', 'logicalOr', 'logicalXor']) await record(op, [B(3, 4), B(4)]);
  await record('logicalNot', [B(3, 2)]);
  await record('bitwiseAnd', [I(3, 2), I(3, 2)]);
  await record('where', [B(2, 3), F(2, 3), F(2, 3)], [1, 2]);
  await record('where', [B(3), F(2, 3), F(1)]);
  await record('where', [B(2, 1), i(1, 2), F(2)]);
  await record('whereAsync', [B(2, 3, 2)]);
  await record('whereAsync', [b(false, false)]);
  await record('booleanMaskAsync', [F(2, 3, 2), B(2, 3)]);
  await record('booleanMaskAsync', [I(2, 3, 2), B(3), 1]);

  // Reductions
  for (const op of ['sum', 'mean', 'max', 'min', 'prod', 'logSumExp']) {
    await record(op, [F(2, 3, 4)], [0]);
    await record(op, [F(2, 3, 4), 1], op === 'prod' ? null : [0]);
    await record(op, [F(2, 3, 4), [0, 2]], op === 'prod' ? null : [0]);
    await record(op, [F(2, 3, 4), [-1, 0], true]);
    await record(op, [F(2, 3, 4), -2, true]);
    await record(op, [I(3, 4), 0]);
    await record(op, [f(1, NaN, 3)]);
    await record(op, [tf.scalar(-2)]);
    await record(op, [F(2, 2), []]);
  }
  for (const op of ['sum', 'mean', 'prod']) {
    await record(op, [B(3, 4), 1]);
    await record(op, [F(0, 3), 0]);
  }
  for (const op of ['max', 'min']) {
    await record(op, [f(1, 3, 3, 1)], [0]);
    await record(op, [tf.tensor2d([[1, 1], [2, 1]]), 1], [0]);
    await record(op, [B(3, 4), 1]);
  }
  await record('prod', [f(0, 2, 3)], [0]);
  await record('prod', [f(0, 2, 0)], [0]);
  for (const op of ['all', 'any']) {
    await record(op, [B(2, 3)]);
    await record(op, [B(2, 3, 2), [0, 2]]);
    await record(op, [B(2, 3), -1, true]);
  }
  for (const op of ['argMax', 'argMin']) {
    await record(op, [F(2, 3, 4)]);
    await record(op, [F(2, 3, 4), 2]);
    await record(op, [N(2, 4, 5), 1]);
    await record(op, [f(1, NaN, 3, 0)]);
    await record(op, [f(NaN, 1, 3, 0)]);
    await record(op, [B(3, 4), -1]);
  }
  await record('moments', [F(2, 3, 4), [0, 2]]);
  await record('moments', [I(2, 3), 1, true]);
  await record('bincount', [N(6, 10), f(), 4]);
  await record('bincount', [N(4, 6), F(6), 5]);
  await record('bincount', [N(4, 6), I(6), 5]);
  await record('denseBincount', [N(6, 2, 10), F(2, 10), 4]);
  await record('denseBincount', [N(6, 2, 10), f(), 4, true]);
  for (const ord of ['euclidean', 1, 2, Infinity, -Infinity]) {
    await record('norm', [F(5), ord], [0]);
    await record('norm', [F(3, 4), ord, 1, true]);
    await record('norm', [F(2, 3, 4), ord, [2]], [0]);
  }
  for (const ord of ['euclidean', 'fro', 1, Infinity, -Infinity]) await record('norm', [F(3, 4), ord, [0, 1]], [0]);
  await record('norm', [F(2, 3, 4), 1, [0, 2]]);
  await record('norm', [F(2, 3), 'euclidean', null, true]);
  await record('norm', [tf.scalar(-3)]);
  await record('euclideanNorm', [F(3, 4), 1], [0]);
  await record('euclideanNorm', [F(3, 4), 0, true]);
  await record('euclideanNorm', [f(0, 0)], [0]);

  // Scan, segment
  for (const op of ['cumsum', 'cumprod']) {
    for (const flags of [[], [true], [false, true], [true, true]]) {
      await record(op, [F(3, 4), 1, ...flags], op === 'cumsum' ? [0] : null);
      await record(op, [I(3, 4), 0, ...flags]);
      await record(op, [F(2, 3, 2), 1, ...flags]);
    }
    await record(op, [B(5)]);
  }
  await record('unsortedSegmentSum', [F(5, 2), i(0, 2, 0, -1, 2), 3], [0]);
  await record('unsortedSegmentSum', [F(3, 2), i(0, 5, 1), 3]);
  await record('unsortedSegmentSum', [I(4), N(3, 4), 3]);
  await record('unsortedSegmentSum', [F(4, 3), N(2, 4, 3), 2]);
  await record('movingAverage', [F(2, 3), F(2, 3), 0.9, 3]);
  await record('movingAverage', [F(2), F(2), tf.scalar(0.5), null, false]);

  // Matrices
  await record('matMul', [F(2, 3), F(3, 4)], [0, 1]);
  await record('matMul', [F(3, 2), F(3, 4), true], [0, 1]);
  await record('matMul', [F(2, 3), F(4, 3), false, true], [0, 1]);
  await record('matMul', [F(3, 2), F(4, 3), true, true], [0, 1]);
  await record('matMul', [F(5, 2, 3), F(1, 3, 2)]);
  await record('matMul', [F(5, 2, 3), F(3, 2)]);
  await record('matMul', [I(2, 3), I(3, 2)]);
  await record('matMul', [I(2, 3), F(3, 2)]);
  for (const [p, q] of [[[3], [3]], [[3], [3, 2]], [[2, 3], [3]], [[2, 3], [3, 2]]]) await record('dot', [F(...p), F(...q)], [0, 1]);
  await record('dot', [I(3), I(3)]);
  await record('outerProduct', [F(3), F(2)], [0, 1]);
  await record('outerProduct', [I(3), F(2)]);
  await record('transpose', [F(2, 3, 4)], [0]);
  await record('transpose', [I(2, 3, 4), [2, 0, 1]]);
  await record('transpose', [C(2, 3), null, true]);
  await record('transpose', [F(3)]);
  await record('einsum', ['ij,jk->ik', F(2, 3), F(3, 2)]);
  await record('einsum', ['bij,bjk->bik', F(2, 2, 3), F(2, 3, 2)]);
  await record('einsum', ['ij->ji', F(2, 3)]);
  await record('einsum', ['ij->', F(2, 3)]);
  await record('einsum', ['i,j->ij', F(2), F(3)]);

  // Transformations
  await record('cast', [f(2.7, -2.7, 3e9, -3e9, 1e20, NaN, Infinity), 'int32']);
  await record('cast', [f(0, 0.3, NaN, -1), 'bool']);
  await record('cast', [B(3), 'float32']);
  await record('cast', [I(3), 'bool']);
  await record('cast', [I(3), 'complex64']);
  await record('cast', [C(3), 'float32']);
  await record('reshape', [F(2, 6), [3, -1]], [0]);
  await record('reshape', [tf.tensor(['a', 'b', 'c', 'd']), [2, 2]]);
  await record('reshape', [F(1), []]);
  await record('expandDims', [F(2, 3)], [0]);
  await record('expandDims', [tf.tensor(['a']), 1]);
  await record('squeeze', [F(1, 2, 1)], [0]);
  await record('squeeze', [F(1, 2, 1), [0]]);
  await record('ensureShape', [F(2, 3), [2, null]]);
  await record('broadcastTo', [F(3), [2, 3]], [0]);
  await record('broadcastTo', [I(2, 1, 3), [2, 4, 3]]);
  await record('broadcastArgs', [i(1, 3), i(2, 1, 1)]);
  await record('pad', [F(2, 3), [[1, 0], [0, 2]]], [0]);
  await record('pad', [F(2, 3), [[1, 1], [2, 2]], 1.5]);
  await record('pad', [I(3), [[1, 1]], 2.5]);
  await record('pad', [B(3), [[1, 1]], 1]);
  await record('pad1d', [F(3), [1, 2]]);
  await record('pad2d', [F(1, 2), [[1, 1], [0, 1]], 3]);
  await record('pad3d', [F(1, 2, 1), [[1, 1], [0, 1], [0, 0]]]);
  await record('pad4d', [F(1, 2, 1, 1), [[1, 1], [0, 1], [0, 0], [1, 0]]]);
  await record('mirrorPad', [F(3, 4), [[2, 1], [0, 3]], 'reflect'], [0]);
  await record('mirrorPad', [F(3, 4), [[3, 1], [0, 4]], 'symmetric'], [0]);
  await record('mirrorPad', [I(3), [[2, 2]], 'reflect']);
  await record('depthToSpace', [F(2, 2, 3, 12), 2]);
  await record('spaceToBatchND', [F(2, 4, 3, 2), [2, 3], [[0, 0], [0, 0]]], [0]);
  await record('spaceToBatchND', [F(1, 3, 5, 1), [2, 2], [[1, 0], [0, 1]]]);
  await record('spaceToBatchND', [F(2, 6), [3], [[0, 0]]]);
  await record('batchToSpaceND', [F(8, 1, 2, 2), [2, 2], [[0, 0], [0, 0]]], [0]);
  await record('batchToSpaceND', [F(12, 2, 2, 1), [3, 2], [[1, 0], [0, 2]]]);
  await record('batchToSpaceND', [F(6, 2), [3], [[1, 1]]]);
  await record('setdiff1dAsync', [i(1, 2, 3, 4, 2, 5), i(2, 4)]);
  await record('setdiff1dAsync', [f(1, 2), f(2, 1)]);

  // Slicing and joining
  await record('slice', [F(4, 3), 1], [0]);
  await record('slice', [F(4, 3), [1, 0], [2, 2]], [0]);
  await record('slice', [F(4, 3), [1], [-1]]);
  await record('slice', [tf.tensor(['a', 'b', 'c']), 1, 2]);
  await record('slice1d', [F(4), 1, 2]);
  await record('slice2d', [F(4, 3), [1, 1], [2, 1]]);
  await record('slice3d', [F(2, 3, 2), [0, 1, 0], [1, 2, 2]]);
  await record('slice4d', [F(2, 3, 2, 1), [0, 1, 0, 0], [1, 2, 2, 1]]);
  await record('stridedSlice', [F(5), [1], [5], [2]]);
  await record('stridedSlice', [F(5), [-1], [-6], [-2]]);
  await record('stridedSlice', [F(4, 5), [1, 0], [3, 4], [1, 2]]);
  await record('stridedSlice', [F(4, 5), [1, 3], [3, 0], [1, -1], 1, 2]);
  await record('stridedSlice', [F(2, 3, 4), [0, 1], [0, 3], [1, 1], 0, 0, 1]);
  await record('stridedSlice', [F(2, 3, 4), [1, 0, 1], [2, 0, 3], [1, 1, 1], 0, 0, 2, 0, 1]);
  await record('stridedSlice', [F(3, 4), [0, 0, 1], [0, 3, 4], [1, 1, 2], 0, 0, 0, 1]);
  await record('stridedSlice', [F(3, 4), [-1, 1], [0, 3], [1, 1], 0, 0, 0, 0, 1]);
  await record('concat', [[F(2, 3), F(1, 3)]]);
  await record('concat', [[F(2, 3), F(2, 2)], -1]);
  await record('concat', [[I(2), F(3)]]);
  await record('concat', [[F(2), I(3), B(1)]]);
  await record('concat', [[tf.tensor(['a']), tf.tensor(['b', 'c'])]]);
  await record('concat', [[C(2), C(1)]]);
  await record('concat1d', [[F(2), F(1)]]);
  await record('concat2d', [[F(2, 1), F(2, 2)], 1]);
  await record('concat3d', [[F(2, 1, 1), F(2, 2, 1)], 1]);
  await record('concat4d', [[F(1, 2, 1, 1), F(1, 2, 2, 1)], 2]);
  await record('stack', [[F(2, 3), F(2, 3)]]);
  await record('stack', [[I(2, 3), I(2, 3)], 2]);
  await record('stack', [[tf.tensor(['a', 'b']), tf.tensor(['c', 'd'])], 1]);
  await record('unstack', [F(2, 3)]);
  await record('unstack', [I(2, 3), -1]);
  await record('unstack', [tf.tensor(['a', 'b'])]);
  await record('split', [F(6, 2), 3]);
  await record('split', [F(2, 6), [1, -1, 2], 1]);
  await record('tile', [F(2, 3), [2, 2]], [0]);
  await record('tile', [tf.tensor(['a', 'b']), [2]]);
  await record('reverse', [F(2, 3, 2)], [0]);
  await record('reverse', [I(2, 3, 2), [0, -1]]);
  await record('reverse1d', [F(4)]);
  await record('reverse2d', [F(2, 3), 1]);
  await record('reverse3d', [F(2, 3, 1), [0]]);
  await record('reverse4d', [F(1, 2, 3, 1), [-2]]);
  await record('gather', [F(4, 3), i(3, 0, 0)], [0]);
  await record('gather', [F(2, 4, 3), N(4, 2, 2), 1], [0]);
  await record('gather', [F(4, 3), tf.scalar(2, 'int32')]);
  await record('gather', [F(2, 4, 3), N(4, 2, 3), 1, 1]);
  await record('gather', [F(2, 3, 4, 2), N(4, 2, 3), 2, 1]);
  await record('gather', [F(2, 2, 4), N(4, 2, 2, 3), 2, 2]);
  await record('gather', [I(3, 4), i(1), -1]);
  await record('gatherND', [F(2, 3, 2), N(2, 4, 3)]);
  await record('gatherND', [F(2, 3, 2), N(2, 2, 2, 2)]);
  await record('gatherND', [I(3, 2), i(1)]);
  await record('gatherND', [tf.tensor(['a', 'b', 'c']), tf.tensor2d([[2], [0]], [2, 1], 'int32')]);
  await record('scatterND', [N(4, 5, 1), F(5, 2), [4, 2]]);
  await record('scatterND', [i(1, 1, 3), I(3), [5]]);
  await record('scatterND', [N(2, 3, 2), F(3), [2, 2]]);
  await record('scatterND', [N(2, 2, 2, 1), F(2, 2, 3), [2, 3]]);
  await record('tensorScatterUpdate', [F(4, 2), N(4, 5, 1), F(5, 2)]);
  await record('tensorScatterUpdate', [I(5), N(5, 3, 1), I(3)]);
  await record('sparseToDense', [i(1, 3, 1), F(3), [5], 9]);
  await record('sparseToDense', [N(3, 4, 2), I(4), [3, 3], tf.scalar(-1, 'int32')]);
  await record('sparseToDense', [i(1, 3), tf.scalar(5), [5]]);
  await record('sparseToDense', [tf.scalar(2, 'int32'), tf.scalar(5), [5]]);
  await record('meshgrid', [i(1, 2), F(3)]);
  await record('meshgrid', [F(2), F(3), {indexing: 'ij'}]);
  await record('meshgrid', [F(2)]);

  // Evaluation
  await record('topk', [F(3, 6), 2]);
  await record('topk', [N(4, 2, 9), 5]);
  await record('topk', [F(9), 4, false]);
  await record('topk', [F(3, 20), 7, false]);
  await record('topk', [F(4), 4, false]);
  await record('topk', [F(700), 3, false]);
  await record('inTopKAsync', [F(5, 4), N(4, 5), 2]);
  await record('inTopKAsync', [tf.tensor2d([[1, 1, 1], [0, 1, 1]]), i(1, 2), 1]);
  await record('inTopKAsync', [F(2, 3, 4), N(4, 2, 3), 3]);
  for (const op of ['lowerBound', 'upperBound']) {
    await record(op, [tf.tensor2d([[1, 2, 2, 5], [-1, 0, 3, 3]]), N(6, 2, 3).toFloat()]);
    await record(op, [i(1, 2, 2, 5), N(6, 4)]);
  }
  await record('searchSorted', [f(1, 2, 2, 5), f(2, 7, 0), 'right']);
  await record('unique', [N(4, 8)]);
  await record('unique', [f(NaN, 1, NaN, -2)]);
  await record('unique', [N(2, 2, 6), 1]);
  await record('unique', [N(2, 5, 2, 1), 0]);
  await record('unique', [tf.tensor(['b', 'a', 'b'])]);

  // Creation
  await record('tensor', [[[1, 2], [3, 4]], null, 'int32']);
  await record('tensor', [[1.7, -2.7], null, 'int32']);
  await record('tensor', [[true, false]]);
  await record('tensor', [[0, 2], null, 'bool']);
  await record('tensor', [['a', 'b'], [2, 1]]);
  await record('scalar', [true]);
  await record('scalar', ['a']);
  await record('scalar', [3.7, 'int32']);
  await record('tensor1d', [[1, 2], 'int32']);
  await record('tensor3d', [[1, 2, 3, 4], [2, 2, 1]]);
  await record('tensor4d', [[[[[1], [2]]]]]);
  await record('tensor5d', [[1, 2], [1, 1, 1, 1, 2]]);
  await record('tensor6d', [[1, 2], [1, 1, 1, 1, 2, 1]]);
  await record('zeros', [[2, 0], 'bool']);
  await record('zeros', [[2], 'complex64']);
  await record('ones', [[], 'int32']);
  await record('ones', [[2], 'complex64']);
  await record('fill', [[2], true]);
  await record('fill', [[2, 1], 'x']);
  await record('fill', [[2], 3.7, 'int32']);
  await record('eye', [3]);
  await record('eye', [2, 3, [2], 'int32']);
  await record('eye', [3, 2, [1, 2]]);
  await record('diag', [F(2, 2)]);
  await record('diag', [I(3)]);
  await record('diag', [B(3)]);
  await record('linspace', [5, 1, 4]);
  await record('linspace', [5, 1, 1]);
  for (const args of [[0, 10, 3, 'int32'], [5, 0], [5, 0, -2], [0, 1, 0.3], [0, 2, 0.5, 'int32'], [2, 2], [0, 5, -1], [5, 0, 2]]) {
    await record('range', args);
  }
  await record('oneHot', [i(0, 5, -1, 2), 3]);
  await record('oneHot', [N(3, 2, 2), 3, 2.5, 0.5]);
  await record('oneHot', [N(3, 2, 2), 3, 2.5, 0.5, 'float32']);
  for (const op of ['zerosLike', 'onesLike', 'clone']) for (const x of [F(2), I(2, 1), B(2), C(2)]) await record(op, [x]);
  await record('real', [C(2, 2)]);
  await record('imag', [C(2, 2)]);
  await record('complex', [F(2, 2), F(2, 2)]);

  process.stdout.write('[\n' + cases.map(entry => JSON.stringify(entry)).join(',\n') + '\n]\n');
})();
