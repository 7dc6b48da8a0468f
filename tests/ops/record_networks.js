// Records what TensorFlow.js answers to the operators of networks, images, signals, losses, …, for test_networks.py:
//   node tests/ops/record_networks.js > tests/ops/networks.json      (with @tensorflow/tfjs installed, or NODE_PATH set)
const tf = require('@tensorflow/tfjs');

let state = 4711;
const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
const some = (shape, f) => Array.from({length: shape.reduce((a, b) => a * b, 1)}, f);
const rounded = x => Math.round(x * 1e4) / 1e4;
const R = (shape, low = -2, high = 2) => tf.tensor(some(shape, () => rounded(low + (high - low) * random())), shape);
const I = (shape, low = 0, high = 5) => tf.tensor(some(shape, () => low + Math.floor((high - low) * random())), shape, 'int32');
const ints = values => tf.tensor(values, undefined, 'int32');
const strings = values => tf.tensor(values, undefined, 'string');

const number = x => typeof x !== 'number' ? x : Number.isInteger(x) ? x : Number.isFinite(x) ? Number(x.toPrecision(8)) : String(x);
function write(value) {
  if (value instanceof tf.Tensor) {
    const base = {$t: 1, dtype: value.dtype, shape: value.shape};
    return value.dtype === 'complex64' ?
        {...base, data: {real: write(tf.real(value)).data, imag: write(tf.imag(value)).data}} :
        {...base, data: Array.from(value.dataSync(), number)};
  }
  if (Array.isArray(value)) return value.map(write);
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, write(v)]));
  return value === undefined ? null : number(value);
}

const cases = [];
function record(op, args, places) {
  const call = op.split('.').reduce((object, key) => object[key], tf);
  const entry = {op, args: write(args)};
  try {
    entry.out = write(call(...args));
  } catch (error) {
    throw new Error(`no answer of ${op} for ${JSON.stringify(entry.args)}: ${error.message}`);
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
      console.error(`no gradient of ${op} for ${JSON.stringify(entry.args)}: ${error.message.slice(0, 200)}`);
    }
  }
  cases.push(entry);
}

(async () => {
  await tf.setBackend('cpu');
  const explicit = [[0, 0], [1, 2], [0, 1], [0, 0]];
  // Convolutions
  for (const [stride, dilation] of [[1, 1], [2, 1], [1, 2]])
    for (const pad of ['same', 'valid']) record('conv1d', [R([2, 7, 2]), R([3, 2, 2]), stride, pad, 'NWC', dilation], dilation === 1 ? [0, 1] : null);
  record('conv1d', [R([6, 2]), R([2, 2, 2]), 1, 'same'], [0, 1]);
  for (const strides of [1, 2, [1, 2], 3])
    for (const pad of ['same', 'valid', 1, explicit])
      for (const size of [[2, 2], [3, 2]]) record('conv2d', [R([1, 5, 6, 1]), R([...size, 1, 2]), strides, pad], [0, 1]);
  record('conv2d', [R([5, 6, 2]), R([2, 3, 2, 1]), 1, 'same', 'NHWC', [2, 1]]);
  record('conv2d', [R([1, 2, 5, 4]), R([3, 2, 2, 2]), 2, 'same', 'NCHW'], [0, 1]);
  record('conv2d', [R([1, 2, 5, 4]), R([3, 2, 2, 2]), [1, 2], [[0, 0], [0, 0], [1, 2], [0, 1]], 'NCHW'], [0, 1]);
  for (const rounding of ['floor', 'ceil', 'round']) {
    record('conv2d', [R([1, 6, 7, 1]), R([2, 2, 1, 1]), 3, 1, 'NHWC', 1, rounding]);
    record('maxPool', [R([1, 6, 7, 1]), [3, 2], 2, explicit, rounding]);
    record('avgPool', [R([1, 6, 7, 1]), [3, 2], 2, 1, rounding]);
    record('avgPool3d', [R([1, 4, 4, 5, 1]), 2, 3, 1, rounding]);
  }
  for (const pad of ['same', 'valid', explicit]) {
    record('depthwiseConv2d', [R([1, 5, 4, 2]), R([3, 2, 2, 2]), 2, pad], [0, 1]);
    record('separableConv2d', [R([1, 5, 4, 2]), R([2, 3, 2, 2]), R([1, 1, 4, 3]), 1, pad, pad === 'valid' ? 1 : [1, 1]], [0, 1, 2]);
  }
  record('depthwiseConv2d', [R([5, 4, 2]), R([2, 2, 2, 1]), 1, 'same', 'NHWC', 2]);
  for (const strides of [1, 2, 3, [1, 2, 1]]) record('conv3d', [R([1, 4, 5, 3, 1]), R([2, 1, 2, 1, 2]), strides, 'same'], [0, 1]);
  record('conv3d', [R([4, 5, 3, 1]), R([2, 2, 2, 1, 1]), 1, 1], [0, 1]);
  record('conv2dTranspose', [R([1, 3, 3, 2]), R([3, 3, 1, 2]), [1, 6, 6, 1], 2, 'same'], [0, 1]);
  record('conv2dTranspose', [R([1, 3, 2, 2]), R([2, 2, 1, 2]), [1, 7, 4, 1], 2, 'valid'], [0, 1]);
  record('conv2dTranspose', [R([3, 3, 2]), R([1, 1, 2, 2]), [7, 8, 2], 3, 'same'], [0, 1]);
  record('conv2dTranspose', [R([1, 3, 3, 2]), R([2, 2, 1, 2]), [1, 3, 3, 1], 2, 'valid']);
  record('conv3dTranspose', [R([1, 2, 2, 3, 1]), R([3, 2, 2, 2, 1]), [1, 4, 4, 5, 2], 2, 'same']);
  for (const pad of ['same', 'valid', 1]) record('dilation2d', [R([1, 5, 4, 2]), R([2, 3, 2]), [1, 2], pad, [2, 1]], pad === 1 ? null : [0, 1]);
  record('dilation2d', [R([4, 4, 1]), R([2, 2, 1]), 1, 3]);
  // Pooling
  for (const pad of ['same', 'valid', 1, 0])
    for (const [size, strides] of [[2, 2], [[3, 2], [1, 2]], [3, 3]])
      for (const op of ['maxPool', 'avgPool']) record(op, [R([1, 5, 6, 2]), size, strides, pad], [0]);
  record('maxPool', [I([4, 5, 2]), 2, 2, 'same']);
  record('maxPool', [R([1, 3, 3, 1]), 2, 1, 4]);
  for (const strides of [1, 2, 3]) {
    record('maxPool3d', [R([1, 4, 3, 5, 1]), 2, strides, 'same'], [0]);
    record('avgPool3d', [R([4, 3, 5, 1]), [2, 3, 1], strides, 'same'], [0]);
  }
  record('maxPoolWithArgmax', [R([2, 5, 4, 2]), [2, 3], 2, 'same']);
  record('maxPoolWithArgmax', [I([2, 5, 4, 2], 0, 3), 2, [1, 2], 1, true]);
  for (const type of ['max', 'avg'])
    for (const [pad, dilations, strides] of [['same', [2, 1], 1], ['valid', [2, 2], 1], ['same', null, 2], [1, [1, 2], 1], [0, [1, 1], [1, 2]]])
      record('pool', [R([1, 6, 5, 2]), [2, 3], type, pad, dilations, strides], [0]);
  // Normalization, recurrent cells
  record('batchNorm', [R([2, 2, 2, 3]), R([3]), R([3], 0.1, 2), R([3]), R([3])], [0, 1, 2, 3, 4]);
  record('batchNorm', [R([4, 3]), R([4, 3]), R([4, 3], 0.1, 2), null, R([4, 3]), 0.1]);
  record('batchNorm2d', [R([4, 3]), R([3]), R([3], 0.1, 2), R([3])]);
  record('batchNorm3d', [R([2, 2, 3]), R([3]), R([3], 0.1, 2), null, R([3])]);
  record('batchNorm4d', [R([2, 1, 2, 3]), R([3]), R([3], 0.1, 2)]);
  record('localResponseNormalization', [R([2, 2, 7]), 2, 1.5, 0.5, 0.75], [0]);
  record('localResponseNormalization', [R([1, 2, 2, 4])], [0]);
  record('basicLSTMCell', [tf.scalar(1), R([7, 16]), R([16]), R([2, 3]), R([2, 4]), R([2, 4])]);
  record('dropout', [R([4]), 0]);
  // Spectra and signals
  for (const shape of [[1], [2], [5], [2, 4], [2, 2, 3]]) {
    for (const op of ['spectral.fft', 'spectral.ifft', 'spectral.irfft']) record(op, [tf.complex(R(shape), R(shape))]);
    record('spectral.rfft', [R(shape)]);
    record('spectral.rfft', [R(shape), 4]);
  }
  for (const n of [1, 6, 7]) {
    record('signal.hannWindow', [n]);
    record('signal.hammingWindow', [n]);
    record('cosineWindow', [n, 0.3, 0.6]);
  }
  for (const [length, step] of [[4, 2], [2, 5], [12, 3]])
    for (const end of [[], [true], [true, 7.5]]) record('signal.frame', [R([10]), length, step, ...end], end.length < 2 && length < 10 ? [0] : null);
  record('signal.stft', [R([12]), 5, 2]);
  record('signal.stft', [R([12]), 4, 3, 4]);
  // Linear algebra, evaluation
  for (const [lower, upper] of [[1, 1], [-1, 0], [0, -1]]) record('linalg.bandPart', [R([2, 3, 4]), lower, upper], [0]);
  record('linalg.gramSchmidt', [R([3, 4])], [0]);
  for (const shape of [[3, 3], [4, 2], [2, 4], [1, 1], [2, 2, 2]])
    for (const full of [false, true]) record('linalg.qr', [R(shape), full]);
  record('math.confusionMatrix', [ints([0, 1, 2, 5, 1]), ints([0, 2, 2, 1, -1]), 3]);
  // Losses
  for (const reduction of [0, 1, 2, 3])
    for (const weights of [null, tf.tensor([[0.5, 0, 2]]), tf.tensor([[1], [0]]), R([2, 3], 0, 2)]) {
      record('losses.computeWeightedLoss', [R([2, 3]), weights, reduction]);
      record('losses.huberLoss', [R([2, 3]), R([2, 3]), weights, 0.7, reduction], [0, 1]);
    }
  for (const op of ['absoluteDifference', 'meanSquaredError']) record('losses.' + op, [R([2, 3]), R([2, 3])], [0, 1]);
  record('losses.absoluteDifference', [tf.zeros([2]), tf.zeros([2]), null, 2], [0, 1]);
  record('losses.hingeLoss', [tf.tensor([0, 1, 1]), R([3])], [1]);
  record('losses.logLoss', [R([3], 0, 1), R([3], 0.1, 0.9), R([3], 0, 1), 1e-5], [0, 1]);
  record('losses.cosineDistance', [R([2, 3]), R([2, 3]), 1, R([2, 1])], [0, 1]);
  for (const smoothing of [0, 0.2]) {
    record('losses.sigmoidCrossEntropy', [R([2, 3], 0, 1), R([2, 3]), null, smoothing], [0, 1]);
    record('losses.softmaxCrossEntropy', [R([2, 3], 0, 1), R([2, 3]), R([2], 0, 1), smoothing], [0, 1]);
  }
  record('losses.sigmoidCrossEntropy', [tf.zeros([2]), tf.zeros([2])], [0, 1]);
  // Images
  for (const size of [[7, 3], [2, 2], [8, 10], [1, 6]])
    for (const [align, half] of [[false, false], [true, false], [false, true]])
      for (const op of ['image.resizeBilinear', 'image.resizeNearestNeighbor']) record(op, [R([1, 4, 4, 1]), size, align, half], half ? null : [0]);  // its gradient wants squares
  record('image.resizeBilinear', [I([1, 2, 3, 2]), [5, 6]]);
  record('image.resizeNearestNeighbor', [I([2, 3, 2]), [5, 6]]);
  record('image.flipLeftRight', [R([1, 2, 3, 2])]);
  record('image.rgbToGrayscale', [I([2, 2, 3], 0, 255)]);
  for (const [radians, fill, center] of [[0.3, 0, 0.5], [-1.2, [1, 2, 3], [0.2, 0.7]], [Math.PI / 2, 5, 0]])
    record('image.rotateWithOffset', [R([2, 3, 4, 4]), radians, fill, center]);
  for (const interpolation of ['nearest', 'bilinear'])
    for (const mode of ['constant', 'reflect', 'wrap', 'nearest'])
      for (const transform of [[2, 0.3, -3, 0.1, 1.5, -6, 0.01, 0], [-1, 0, -4, 0, -3, 12, 0, 0.1], [1, 0, 0, 0, 1, 0, -0.5, 0]])
        record('image.transform', [R([1, 3, 4, 1]), tf.tensor2d([transform]), interpolation, mode, 1.5, [4, 3]]);
  for (const method of ['bilinear', 'nearest'])
    for (const size of [[3, 2], [1, 1]])
      record('image.cropAndResize', [R([2, 4, 5, 1]), tf.tensor2d([[0, 0, 1, 1], [0.9, -0.2, 0.1, 0.7], [0.2, 0.3, 1.2, 0.4]]), ints([0, 1, 2]), size, method, -2]);
  const corners = R([9, 2], 0, 1);
  const boxes = tf.concat([corners, tf.add(corners, R([9, 2], 0.1, 0.8))], 1);
  for (const scores of [R([9], 0, 1), tf.div(I([9], 0, 4), 4)]) {
    record('image.nonMaxSuppression', [boxes, scores, 4, 0.3]);
    record('image.nonMaxSuppressionPadded', [boxes, scores, 20, 0.2, 0.1, true]);
    for (const sigma of [0, 0.5]) record('image.nonMaxSuppressionWithScore', [boxes, scores, 20, 0.6, 0.1, sigma]);
  }
  const picture = tf.concat([R([3, 4, 3], 20, 70), R([4, 4, 3], 150, 250)]);
  for (const method of ['binary', 'otsu'])
    for (const inverted of [false, true]) record('image.threshold', [picture, method, inverted, 0.3]);
  record('image.threshold', [tf.ones([2, 2, 1]), 'otsu']);
  // Sparse
  record('sparse.sparseFillEmptyRows', [ints([[3, 1], [0, 0], [1, 4], [0, 3]]), R([4]), ints([6, 6]), tf.scalar(2.5)]);
  record('sparse.sparseFillEmptyRows', [ints([[0, 1], [1, 0]]), I([2]), ints([2, 6]), tf.scalar(2, 'int32')]);
  record('sparse.sparseReshape', [ints([[0, 0, 0], [0, 1, 0], [1, 2, 3]]), ints([2, 3, 6]), ints([9, -1])]);
  for (const op of ['sparse.sparseSegmentSum', 'sparse.sparseSegmentMean'])
    for (const data of [R([5, 2]), I([5], -9, 9)]) record(op, [data, ints([0, 1, 4, 4]), ints([0, 0, 2, 5])]);
  // Strings
  const words = Array.from({length: 130}, (_, n) => Array.from({length: n}, (_, i) => String.fromCharCode(97 + (i * 7 + n) % 26)).join(''));
  record('string.stringToHashBucketFast', [strings([...words.filter((_, n) => n < 20 || n % 8 < 2), '日本語', 'é']), 2147483647]);
  for (const delimiter of [' ', '', ' ,', '日,'])
    for (const skip of [true, false]) record('string.stringSplit', [strings(['hello world', '  a b,,c ', '', 'né, 日本 語']), delimiter, skip]);
  for (const [pattern, rewrite, everywhere] of [
    ['l+', 'L', true], ['l+', 'L', false], ['(h)(e)', '$2$1$$', true], ['o', '[$&]', true], ['o', "($`|$')", true],
    ['(?<x>l)\\k<x>', '<$<x>>', true], ['x*', '-', true], ['[^]', '.', false], ['\\s', '_', true], ['^h|d$', '#', true],
    ['e(z)?', '$1!', true], ['(.)(.)', '$2$1$3$0', true], ['[[a-c\\-]', 'k', true], ['.', 'd', true], ['\\/|\\u0065', 'E', true],
    ['(?<=h)e(?=l)', 'Z', true], ['[\\s\\d]', 'S', true], ['[&]{2}|\\-', 'A', true],
  ]) record('string.staticRegexReplace', [strings(['hello world', 'a/b \n3.14', 'hé llo[x]-&&\n', '']), pattern, rewrite, everywhere]);

  // A case a line
  process.stdout.write('[\n' + cases.map(entry => JSON.stringify(entry)).join(',\n') + '\n]\n');
})();
